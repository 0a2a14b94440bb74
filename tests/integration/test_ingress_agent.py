"""The agent keeps Envoy at what Git says, and says so when it cannot."""

from __future__ import annotations

import signal
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tests.counting import eventually
from tests.ingress import keep_calling
from tests.traffic_commits import traffic_file
from weighbridge_ingress import traffic_digest

if TYPE_CHECKING:
    from tests.ingress import Ingress
    from weighbridge_ingress import Report


def shares(report: Report) -> dict[str, int]:
    return report.running.weights if report.running else {}


def test_a_hand_edited_file_is_put_right(ingress: Ingress) -> None:
    ingress.set_traffic("10")
    good, repairs = ingress.routes_file.read_text(), ingress.report().repairs
    ingress.routes_file.write_text(good.replace('"weight": 900', '"weight": 1'))
    ingress.wait_for(lambda report: report.repairs == repairs + 1, within_s=1.5)
    assert ingress.routes_file.read_text() == good
    ingress.routes_file.unlink()
    ingress.wait_for(lambda report: report.repairs == repairs + 2, within_s=1.5)
    assert ingress.routes_file.read_text() == good
    report = ingress.wait_for(lambda report: report.in_step)
    assert (shares(report), report.known_versions) == ({"v6": 900, "v7": 100}, ("v6", "v7"))


def test_an_edit_that_reached_envoy_is_put_right(ingress: Ingress) -> None:
    ingress.set_traffic("10")
    repairs = ingress.report().repairs
    edited = ingress.routes_file.with_name("edited.yaml")
    edited.write_text(ingress.routes_file.read_text().replace('"weight": 900', '"weight": 1'))
    edited.rename(ingress.routes_file)
    report = ingress.wait_for(lambda r: r.repairs > repairs and r.in_step, within_s=1.5)
    assert shares(report) == {"v6": 900, "v7": 100}


def test_an_edit_that_only_envoy_still_has_is_put_right(ingress: Ingress) -> None:
    ingress.set_traffic("10")
    good, repairs = ingress.routes_file.read_text(), ingress.report().repairs
    ingress.processes["agent"].send_signal(signal.SIGSTOP)
    try:
        reloads = ingress.counter("http.ingress.rds.serving.config_reload")
        edited = ingress.routes_file.with_name("edited.yaml")
        edited.write_text(good.replace('"num_retries": 3', '"num_retries": 1'))
        edited.rename(ingress.routes_file)
        eventually(lambda: _grew(ingress, reloads), within_s=5)
        ingress.routes_file.write_text(good)  # not moved into place: Envoy does not see it
    finally:
        ingress.processes["agent"].send_signal(signal.SIGCONT)
    ingress.wait_for(lambda r: r.repairs > repairs and r.in_step, within_s=2)
    live = ingress.admin_get("/config_dump?resource=dynamic_route_configs")
    assert '"num_retries": 1' not in str(live).replace("'", '"')


def _grew(ingress: Ingress, before: int) -> None:
    assert ingress.counter("http.ingress.rds.serving.config_reload") > before


def test_a_broken_commit_changes_nothing_and_is_told(ingress: Ingress) -> None:
    good = ingress.set_traffic("30")
    bad = ingress.commits.commit(traffic_file("130"))
    report = ingress.wait_for(lambda r: r.refused and r.refused.source == bad)
    assert report.refused
    assert report.refused.digest == traffic_digest(traffic_file("130"))
    assert report.refused.problems[0].startswith("traffic.yaml:8: canary-percent: must be")
    assert report.wanted
    assert (report.wanted.source, report.error) == (good, None)
    assert report.in_step
    assert shares(report) == {"v6": 700, "v7": 300}
    assert {answer.code.name for answer in ingress.predict(50)} == {"OK"}
    ingress.set_traffic("31")
    assert ingress.report().refused is None


def test_a_restarted_agent_keeps_the_split_even_without_a_good_commit(
    own_ingress: Ingress,
) -> None:
    own_ingress.start("v6", "v7", "agent", "envoy")
    own_ingress.set_traffic("50")
    own_ingress.wait_until_healthy()
    kept = own_ingress.routes_file.read_text()
    reloads = own_ingress.counter("http.ingress.rds.serving.config_reload")
    own_ingress.stop("agent", signal.SIGKILL)
    bad = own_ingress.commits.commit(traffic_file("many"))
    assert {answer.code.name for answer in own_ingress.predict(50)} == {"OK"}
    own_ingress.start("agent")
    eventually(own_ingress.report, within_s=15)
    report = own_ingress.wait_for(lambda r: r.in_step)
    assert report.refused
    assert report.refused.source == bad
    assert shares(report) == {"v6": 500, "v7": 500}
    assert own_ingress.routes_file.read_text() == kept
    assert own_ingress.counter("http.ingress.rds.serving.config_reload") == reloads
    assert own_ingress.stop("agent", signal.SIGTERM) == 0


def test_an_agent_that_finds_its_file_in_place_still_looks_at_what_envoy_runs(
    own_ingress: Ingress,
) -> None:
    own_ingress.start("v6", "v7", "agent", "envoy")
    own_ingress.set_traffic("10")
    own_ingress.stop("agent", signal.SIGKILL)
    good = own_ingress.routes_file.read_text()
    _move_in(own_ingress, good.replace('"weight": 900', '"weight": 1'))
    _move_in(
        own_ingress, "nonsense"
    )  # an old refusal, which the next agent must not take for its own
    eventually(lambda: _refused_once(own_ingress), within_s=5)
    own_ingress.routes_file.write_text(good)  # not moved into place: Envoy does not see it
    own_ingress.start("agent")
    eventually(own_ingress.report, within_s=15)
    report = own_ingress.wait_for(lambda r: r.in_step and not r.error, within_s=5)
    assert shares(report) == {"v6": 900, "v7": 100}
    assert "Envoy refuses" not in (own_ingress.home / "agent.log").read_text()


def _move_in(ingress: Ingress, text: str) -> None:
    before = ingress.counter("http.ingress.rds.serving.update_attempt")
    edited = ingress.routes_file.with_name("edited.yaml")
    edited.write_text(text)
    edited.rename(ingress.routes_file)
    eventually(lambda: _attempted(ingress, before), within_s=5)


def _attempted(ingress: Ingress, before: int) -> None:
    assert ingress.counter("http.ingress.rds.serving.update_attempt") > before


def _refused_once(ingress: Ingress) -> None:
    assert ingress.counter("http.ingress.rds.serving.update_(rejected|failure)") == 1


def test_without_any_good_state_all_goes_to_stable(own_ingress: Ingress) -> None:
    own_ingress.commits.commit("nonsense")
    own_ingress.start("v6", "v7", "agent", "envoy")
    report = own_ingress.wait_for(lambda r: r.running is not None, within_s=15)
    assert report.wanted is None
    assert report.refused
    assert not report.in_step
    assert shares(report) == {"v6": 1000, "v7": 0}
    own_ingress.wait_until_healthy()
    assert {answer.version for answer in own_ingress.predict(50)} == {"v6"}


def test_envoy_gone_and_back_is_told_and_followed(own_ingress: Ingress) -> None:
    own_ingress.start("v6", "v7", "agent", "envoy")
    own_ingress.set_traffic("50")
    own_ingress.stop("envoy", signal.SIGKILL)
    report = own_ingress.wait_for(lambda r: r.running is None)
    assert report.error
    assert "admin" in report.error
    assert not report.in_step
    own_ingress.commits.commit(traffic_file("60"))
    own_ingress.wait_for(lambda r: r.wanted and r.wanted.traffic["canary-percent"] == "60")
    own_ingress.start("envoy")
    report = own_ingress.wait_for(lambda r: r.in_step and not r.error, within_s=15)
    assert shares(report) == {"v6": 400, "v7": 600}
    with urllib.request.urlopen(own_ingress.agent_url + "/healthz", timeout=5) as answer:
        assert answer.status == 200


def test_a_repository_may_be_a_url_and_may_go_away(own_ingress: Ingress) -> None:
    own_ingress.traffic_repo = f"file://{own_ingress.home}/traffic.git"
    own_ingress.start("v6", "v7", "agent", "envoy")
    own_ingress.set_traffic("12.5")
    (own_ingress.home / "traffic.git").rename(own_ingress.home / "elsewhere.git")
    report = own_ingress.wait_for(lambda r: r.error)
    assert report.error
    assert "traffic.git" in report.error
    assert shares(report) == {"v6": 875, "v7": 125}
    (own_ingress.home / "elsewhere.git").rename(own_ingress.home / "traffic.git")
    own_ingress.wait_for(lambda r: not r.error)


def test_an_envoy_that_does_not_obey_is_told(own_ingress: Ingress) -> None:
    template = own_ingress.template.read_text().replace(
        "max_stream_duration: 10s", "max_stream_duration: 10.00s"
    )
    own_ingress.template = own_ingress.home / "template.yaml"
    own_ingress.template.write_text(template)
    own_ingress.start("v6", "v7", "agent", "envoy")
    report = own_ingress.wait_for(lambda r: r.running and r.error, within_s=10)
    assert report.error
    assert report.error.endswith("max_stream_duration.max_stream_duration")
    assert shares(report) == {"v6": 900, "v7": 100}
    assert (report.in_step, report.repairs) == (False, 0)
    before = own_ingress.report().at
    own_ingress.wait_for(lambda r: r.at != before and r.error == report.error)


def test_an_agent_is_small_and_lets_traffic_flow_while_splits_change(ingress: Ingress) -> None:
    percents = iter(("10", "90", "0.1", "99.9", "50", "0", "100", "10"))
    for percent in percents:
        ingress.set_traffic(percent)
        answers = keep_calling(ingress, seconds=0.3, rate=200)
        assert {answer.code.name for answer in answers} == {"OK"}
    status = Path(f"/proc/{ingress.processes['agent'].pid}/status").read_text()
    resident_kb = int(status.split("VmRSS:")[1].split()[0])
    assert resident_kb < 60_000
