"""What the machine may do next: every move with everything that hypothesis chooses about it."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from hypothesis import strategies as st
from tests.stateful.process import Fate
from tests.stateful.trouble import Trouble
from tests.stateful.world import SLOTS

POINTS: Final = (
    "renewal_begun",
    "locked",
    "intent_written",
    "before_send",
    "sent",
    "answer_begun",
    "answered",
    "before_commit",
    "committed",
)
UNCOMMITTED: Final = ("intent_uncommitted", "success_uncommitted")
"""Within a transaction: nobody can be stopped there for long, since the database is his."""
FATES: Final = (
    *(Fate("pause", point) for point in POINTS),
    *(Fate("kill", point) for point in (*POINTS, *UNCOMMITTED)),
    *(Fate("disk full", point) for point in UNCOMMITTED),
)
SPANS: Final = {
    "not at all": 0.0,
    "while a request is under way": 0.05,
    "until an answer is there": 0.5,
    "past the wait for an early exchange": 3.0,
    "past the deadline of an exchange": 16.0,
    "past the patience with a lock": 61.0,
    "past the grace": 601.0,
    "past a token's life": 1801.0,
    "a day": 86_400.0,
}
"""Seconds."""
WAITS: Final = (
    "until an answer is there",
    "while a request is under way",
    "not at all",
    "past the deadline of an exchange",
    "past the patience with a lock",
)
Moment = Literal["the renewal time", "the last chance", "the end of the token", "now"]


@dataclass(frozen=True)
class Work:
    """Callers use a tool, or servers look for what is due, at one time in some processes."""

    by: Literal["call", "tick"]
    who: tuple[int, ...]
    at: Moment
    fate: Fate | None
    """Of the first of them."""
    trouble: Trouble | None
    """Of the next refresh request."""
    wait: str
    refused: bool
    """The next call is answered 401, though its token lives."""


@dataclass(frozen=True)
class Wait:
    """Time passes; `first` goes first where several could."""

    span: str
    first: int


@dataclass(frozen=True)
class Interfere:
    """Something is done to a process, or to a caller in it."""

    deed: Literal["resume", "kill", "cancel", "pause"]
    slot: int


@dataclass(frozen=True)
class Person:
    """The person does something about the grant; a consent ends in one of the processes."""

    deed: Literal["consents anew", "ends the grant and consents anew", "revokes"]
    slot: int


Move: TypeAlias = Work | Wait | Interfere | Person

_slots: Final = st.integers(0, SLOTS - 1)
_who: Final = st.sampled_from([(0,), (1,), (0, 1), (2, 0), (0, 1, 2)])
_fates: Final = st.sampled_from([*([None] * len(FATES)), *FATES])
_troubles: Final = st.sampled_from([*([None] * len(Trouble)), *Trouble])
_calls: Final[st.SearchStrategy[Move]] = st.builds(
    Work,
    by=st.just("call"),
    who=_who,
    at=st.sampled_from(["the last chance", "the end of the token", "now"]),
    fate=_fates,
    trouble=_troubles,
    wait=st.sampled_from(WAITS),
    refused=st.sampled_from([False, False, False, False, True]),
)
_ticks: Final[st.SearchStrategy[Move]] = st.builds(
    Work,
    by=st.just("tick"),
    who=_who,
    at=st.sampled_from(["the renewal time", "now"]),
    fate=_fates,
    trouble=_troubles,
    wait=st.sampled_from(WAITS),
    refused=st.just(False),
)
_waits: Final[st.SearchStrategy[Move]] = st.builds(Wait, st.sampled_from(list(SPANS)), _slots)
_interferences: Final[st.SearchStrategy[Move]] = st.builds(
    Interfere, st.sampled_from(["resume", "kill", "cancel", "pause"]), _slots
)
_deeds: Final[st.SearchStrategy[Move]] = st.builds(
    Person, st.sampled_from(["consents anew", "ends the grant and consents anew", "revokes"]), _slots
)
moves: Final[st.SearchStrategy[Move]] = st.sampled_from(
    [_calls] * 5 + [_ticks] * 4 + [_waits] * 2 + [_interferences] * 4 + [_deeds]
).flatmap(lambda kind: kind)
"""One rule with weights, not a rule for each: hypothesis leaves rules out at random, and without work nothing fails."""
