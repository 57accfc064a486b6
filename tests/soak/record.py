"""What is written down while a soak runs, one JSON object a line, so that a killed process loses none of it."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential that came to the provider; times are seconds of the machine's monotonic clock."""

    worker: str
    kind: Literal["refresh", "code", "call"]
    client: str
    credential: str
    """A digest: the same one twice is the same credential twice."""
    arrived: float
    ended: float
    status: int
    """0 where the connection was closed without an answer."""
    expired: bool = False
    """Whether the access token was refused for its age."""


@dataclass(frozen=True, slots=True)
class Called:
    """What a call came to, as its caller saw it."""

    worker: str
    policy: str
    code: str
    """`result`, or the failure's code."""
    why: str | None = None


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A worker has stopped waiting for the answer to this credential, at that time of the monotonic clock."""

    worker: str
    credential: str
    at: float


@dataclass(frozen=True, slots=True)
class Torment:
    """What was done to a worker: killed at `began`, or stopped from `began` to `ended`."""

    worker: str
    kind: Literal["kill", "pause"]
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Held:
    """An account as the vault holds it at the end."""

    account: str
    policy: str
    state: str
    cause: str | None
    generation: int
    settled: str
    """What the last call came to, with the faults gone."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the outbox."""

    account: str | None
    type: str
    cause: str | None


class Journal:
    """Appends rows to a file, each with one write that is over when `write` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, row: Presented | Called | GaveUp | Torment | Held | Told) -> None:
        self._file.write(json.dumps(asdict(row)).encode() + b"\n")


def rows(path: Path, row: Callable[..., Row]) -> list[Row]:
    """What was written to `path`, none where nothing was."""
    return [row(**json.loads(line)) for line in path.read_bytes().splitlines()] if path.exists() else []
