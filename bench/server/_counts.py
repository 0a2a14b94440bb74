"""What the product says it did, against what was sent."""

from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from bench.server._subjects import BenchError, Running

_PREFIX = "weighbridge_server_"


def check_counts(running: Running) -> None:
    """Raise BenchError unless every call was answered, and every row of it was spooled."""
    if running.subject.metrics_port is None:
        return
    found = _scrape(running.subject.metrics_port)
    for path, sent in running.sent.items():
        method = path.rpartition("/")[2]
        answered = found.get(f"{_PREFIX}calls_total:{method}:OK", 0)
        if answered != sent:
            raise BenchError(
                f"{running.subject.name} answered {answered:.0f} of {sent} {method} calls"
            )
    if dropped := found.get(f"{_PREFIX}spool_dropped_rows_total::", 0):
        raise BenchError(f"{running.subject.name} dropped {dropped:.0f} rows of its log")
    if found.get(f"{_PREFIX}spool_rows_total::", 0) < running.sent.total():
        raise BenchError(f"{running.subject.name} logged fewer rows than it answered calls")


def _scrape(port: int) -> dict[str, float]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        f"{sample.name}:{sample.labels.get('method', '')}:{sample.labels.get('code', '')}": (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
