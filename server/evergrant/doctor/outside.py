"""What the examination looks at besides the vault's folder: passed in, so that a test brings its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from evergrant.catalog.catalog import Catalog
from evergrant.doctor.clients import ClientFile
from evergrant.doctor.files import Lstat
from evergrant.doctor.folder import WhyNot
from evergrant.doctor.server import Server
from evergrant.model.clock import Clock
from evergrant.vault.keys import FindKeychain
from evergrant.vault.sources.given import Given

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Machine:
    """The system and what is installed on it."""

    platform: str
    python: Version
    python_path: str
    sqlite: Version
    uid: int
    boot_id: str
    installed: Callable[[], Mapping[str, str | None]]
    tested: Callable[[], Mapping[str, str]]
    ours: str
    """The version of Evergrant that is installed."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The machine, and everything on it that can be asked."""

    machine: Machine
    clock: Clock
    """The machine's own."""
    lstat: Lstat
    free: Callable[[Path], int]
    """Bytes that are free where a folder lies."""
    writable: Callable[[Path], bool]
    find_keychain: FindKeychain
    given: Given
    running: Callable[[], Server | None]
    bind: Callable[[], str | None]
    """Why the server's port cannot be had; None where it can."""
    holder: Callable[[int], str | None]
    network: Callable[[], httpx2.Client]
    here: Callable[[], httpx2.Client]
    """A client for this machine only, which no proxy comes between."""
    folder: WhyNot
    catalog: Callable[[], Catalog]
    clients: Callable[[], Sequence[ClientFile]]
    command: Callable[[], Path]
    usual_home: Path
