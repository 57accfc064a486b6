"""How long to wait, where an answer says that there were too many calls."""

from collections.abc import Iterable
from email.utils import parsedate_to_datetime

import httpx2

from evergrant.catalog.limits import RateLimit
from evergrant.wire import LONGEST_RETRY_AFTER_S, retry_after

UNITS = {"epoch": 1.0, "epoch_ms": 0.001, "seconds": 1.0, "milliseconds": 0.001}


def wait_s(limits: Iterable[RateLimit], response: httpx2.Response) -> float | None:
    """Seconds by Retry-After (RFC 9110 10.2.3), else by the reset header of a limit; None where neither says.

    A reset that is a time of day counts from the answer's own Date: the two clocks need not agree.
    """
    stated = retry_after(response)
    if stated is not None:
        return stated
    waits = [wait for limit in limits if (wait := _reset(limit, response)) is not None]
    return max(waits, default=None)


def _reset(limit: RateLimit, response: httpx2.Response) -> float | None:
    if limit.remaining and response.headers.get(limit.remaining, "0").strip() not in ("0", "-1"):
        return None  # another limit than this one was hit
    try:
        reset = float(response.headers.get(limit.reset or "", "")) * UNITS[limit.reset_is]
        if limit.reset_is.startswith("epoch"):
            reset -= parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(reset, 0.0), LONGEST_RETRY_AFTER_S)
