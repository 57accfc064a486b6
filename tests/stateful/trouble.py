"""What can befall one token request, and what each trouble is in the terms of the protocol's model."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from evergrant.sandbox.faults import Fault, FaultKind

RETRY_AFTER_S: Final = 120.0


class Trouble(StrEnum):
    """One trouble; all but the last three leave the client in doubt whether the token was spent."""

    LOST_REQUEST = "the request is lost"
    LOST_ANSWER = "the answer is lost"
    LATE_ANSWER = "the answer comes after the deadline"
    BUSY = "503"
    BUSY_AFTER_ALL = "503 in place of the answer"
    PAGE = "200 with a page of HTML"
    PAGE_AFTER_ALL = "a page of HTML in place of the answer"
    HALF = "half of the answer"
    SLOW = "the request takes long to arrive"
    NO_NAME = "the host cannot be reached"
    TOO_MANY = "429 with Retry-After"


LOSES_ANSWER: Final = frozenset(
    {Trouble.LOST_ANSWER, Trouble.LATE_ANSWER, Trouble.BUSY_AFTER_ALL, Trouble.PAGE_AFTER_ALL, Trouble.HALF}
)
"""The request is carried out and the client does not learn it."""
CLEAR: Final = frozenset({Trouble.NO_NAME, Trouble.TOO_MANY})
"""The client knows that nothing was carried out."""
TO_ARRIVE_S: Final = 0.1
SLOW_TO_ARRIVE_S: Final = 14.0
LATE_TO_COME_BACK_S: Final = 20.0

FAULTS: Final[Mapping[Trouble, Fault]] = {
    Trouble.BUSY: Fault(kind=FaultKind.STATUS_503, times=1),
    Trouble.BUSY_AFTER_ALL: Fault(kind=FaultKind.STATUS_503, times=1, processed=True),
    Trouble.PAGE: Fault(kind=FaultKind.HTML, times=1),
    Trouble.PAGE_AFTER_ALL: Fault(kind=FaultKind.HTML, times=1, processed=True),
    Trouble.HALF: Fault(kind=FaultKind.TRUNCATED, times=1),
    Trouble.TOO_MANY: Fault(kind=FaultKind.STATUS_429, times=1, seconds=RETRY_AFTER_S),
}
"""Those that the provider itself makes."""


def time_to_arrive(trouble: Trouble | None) -> float:
    """Seconds from the sender to the provider."""
    return SLOW_TO_ARRIVE_S if trouble is Trouble.SLOW else TO_ARRIVE_S


def time_to_come_back(trouble: Trouble | None) -> float:
    """Seconds from the provider to the sender."""
    return LATE_TO_COME_BACK_S if trouble is Trouble.LATE_ANSWER else TO_ARRIVE_S
