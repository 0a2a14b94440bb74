"""Change the canary's share."""

from __future__ import annotations

import time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from weighbridge_rollout._change import Change
from weighbridge_rollout._clone import open_clone
from weighbridge_rollout._confirm import CONFIRM_TIMEOUT_S, wait_until_live
from weighbridge_rollout._errors import InvalidTrafficError
from weighbridge_rollout._message import format_percent, set_message
from weighbridge_rollout._site import open_site
from weighbridge_rollout._trafficfile import edit_data, parse_traffic
from weighbridge_rollout._write import Pushed, push_file

if TYPE_CHECKING:
    from weighbridge_ingress import Traffic
    from weighbridge_rollout._clone import Clone
    from weighbridge_rollout._environment import Environment
    from weighbridge_rollout._site import Site


def set_percent(
    environment: Environment,
    percent: Decimal | float | str,
    *,
    reason: str = "",
    timeout_s: float | None = CONFIRM_TIMEOUT_S,
) -> Change:
    """Give the canary a share of calls, 0 to 100 percent in tenths, by one commit.

    Checked before anything is written, also against the versions that the agents know. With a
    timeout, returns when every agent runs it, else raises RefusedError or UnconfirmedError; without
    (None), returns after the push.
    """
    permille = parse_percent(percent)
    with open_clone(environment) as clone, open_site(environment) as site:
        text = clone.read(environment.traffic_file)
        known = site.known_versions(must_know_place=timeout_s is not None)
        before = parse_traffic(text, known)
        if before.canary_permille == permille:
            return _nothing_to_change(site, clone, before, text, timeout_s)
        edited = edit_data(text, {"canary-percent": format_percent(permille)})
        after = parse_traffic(edited, known)
        message = set_message(before, after, environment.name, reason)
        pushed = push_file(clone, environment.traffic_file, edited, message)
        live = wait_until_live(site, clone, pushed, after, timeout_s)
        return Change(pushed.commit, before, after, (), live.agents, live.live_s, live.notes)


def _nothing_to_change(
    site: Site, clone: Clone, traffic: Traffic, text: str, timeout_s: float | None
) -> Change:
    """Make sure that what Git says already is live too: to set is to see it done."""
    newest = clone.log(clone.environment.traffic_file, limit=1)[0].commit
    pushed = Pushed(newest, text, time.monotonic())
    live = wait_until_live(site, clone, pushed, traffic, timeout_s)
    return Change(None, traffic, traffic, confirmed_by=live.agents, notes=live.notes)


def parse_percent(percent: Decimal | float | str) -> int:
    """Return thousandths; raise InvalidTrafficError outside 0 to 100 or finer than a tenth."""
    try:
        permille = Decimal(str(percent).strip().removesuffix("%").strip()) * 10
    except InvalidOperation:
        raise InvalidTrafficError(f"{percent} is not a number: give percent, as in 25") from None
    if not (permille.is_finite() and 0 <= permille <= 1000):
        raise InvalidTrafficError(f"{percent} is not between 0 and 100 percent")
    if permille != permille.to_integral_value():
        raise InvalidTrafficError(f"{percent} is finer than a tenth of a percent")
    return int(permille)
