"""Whether the vault opens with its key, what a person should know of that key, and whether another one lies about."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from evergrant.doctor.finding import Finding, note, ok, problem, warning
from evergrant.vault.keys import MasterKey
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.file import FileStore, key_file
from evergrant.vault.sources.given import VISIBLE
from evergrant.vault.sources.keychain import KeychainLocked, NoKeychain
from evergrant.vault.sources.sealed import SealedStore, sealed_file

CHECK = "key source"


def key_source(home: Path, key: MasterKey | KeyUnavailable) -> Iterator[Finding]:
    """The key as it was obtained, or why it was not."""
    if isinstance(key, KeyUnavailable):
        yield problem(CHECK, str(key), _way_back(home, key))
        return
    yield ok(CHECK, f"The vault opens with the key in {key.where}.")
    for told in key.warnings:
        yield _told(told)
    yield from _lying_about(home, key)


def lost_vault(home: Path) -> Iterator[Finding]:
    """A key in a folder without a database."""
    for path in filter(os.path.lexists, (key_file(home), sealed_file(home))):
        yield warning(
            CHECK,
            f"{path} lies there without a vault that it opens.",
            f"Restore vault.db from your backup into {home}, or move the key away: {_moved(path)}",
        )


def _told(text: str) -> Finding:
    if text == VISIBLE:
        return note(CHECK, text, "Write it into a file, chmod 600 that, and set EVERGRANT_KEY_FILE to it.")
    what = "Do what it says, or unset what is not used. What is in use is told by: evergrant status"
    return warning(CHECK, text, what)


def _lying_about(home: Path, key: MasterKey) -> Iterator[Finding]:
    own: tuple[type, Path] | None = next(
        (
            each
            for each in ((FileStore, key_file(home)), (SealedStore, sealed_file(home)))
            if type(key.store) is each[0]
        ),
        None,
    )
    others = {key_file(home), sealed_file(home)} - ({own[1]} if own else set())
    for path in sorted(filter(os.path.lexists, others)):
        yield warning(
            CHECK,
            f"{path} is a second key. It is not used: the vault opens with the one in {key.where}.",
            f"Once the server has started without it, destroy it. Move it away: {_moved(path)}",
        )


def _moved(path: Path) -> str:
    return f"mv {shlex.quote(str(path))} {shlex.quote(f'{path}.unused')}"


def _way_back(home: Path, error: KeyUnavailable) -> str:
    if isinstance(error, KeychainLocked):
        return "Unlock the keychain as the line 'keychain' says, then: evergrant status"
    if isinstance(error, NoKeychain):
        return "Start the keychain that this vault was made with, then: evergrant status"
    return (
        "Do what it says. If the right key is in your backup, put its vault.key (or keyring.sealed) into "
        f"{home} in place of this one, and then: chmod 600 {shlex.quote(str(key_file(home)))} && evergrant status"
    )
