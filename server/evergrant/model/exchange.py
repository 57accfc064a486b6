"""What the engine tells of its work: each attempt to renew a grant, and each grant's end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from evergrant.model.account import Cause, GrantKey


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange of a refresh token, sent once.

    Results of a success: `stored`; `kept_aside`, since another success had come first; `spooled`, since the database
    could not be written; `unsaved`, where nothing could be; `account_gone`. Of a failure: `ambiguous`, where the server
    may have carried it out; else the class of its answer (`terminal`, `config`, `permission`, `refresh`, `ratelimit`,
    `transient`).
    """

    key: GrantKey
    connector: str
    generation: int
    ended_at: datetime
    duration_s: float
    result: str
    code: str | None = None
    """The server's own, or ours where nothing came from it."""


@dataclass(frozen=True, slots=True)
class Death:
    """A grant was found dead: its person must consent again."""

    key: GrantKey
    connector: str
    generation: int
    at: datetime
    cause: Cause
    code: str


Told = Callable[[Exchange | Death], None]
"""Hears of each; takes microseconds and raises nothing."""


def nobody(_news: Exchange | Death) -> None:
    """Hears nothing."""
