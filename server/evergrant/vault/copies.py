"""Copies that lie outside the vault's folder: of its database, and of its key. Neither opens without the other."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from evergrant.model.secret import Secret
from evergrant.store.upkeep import Step, copy
from evergrant.vault.ring import KeyRing
from evergrant.vault.sources.private_file import create_own, sync_folder
from evergrant.vault.sources.sealed import sealed_document
from evergrant.vault.sources.wrapping import PassphraseWrapper


class CannotCopy(Exception):
    """The copy cannot be made; the message says why, and what to do."""


def back_up(database: Path, file: Path, step: Step) -> None:
    """Copy the database, while it is in use, into a new file that only its owner can read.

    The file is whole and on disk when this returns, or not there. Raises CannotCopy, StoreUnavailable.
    """
    with _writable(file):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        copy(database, file, step)
        sync_folder(file.parent)
    except BaseException:
        with suppress(OSError):
            file.unlink()
        raise


def export_ring(ring: KeyRing, vault_id: str, passphrase: Secret, file: Path) -> None:
    """Write the key ring, sealed under a passphrase, into a new file such as the source `passphrase` keeps.

    Raises CannotCopy, KeyUnavailable. Takes a second (Argon2id).
    """
    wrapper = PassphraseWrapper(passphrase, vault_id, "the passphrase")
    content = sealed_document(ring, vault_id, "passphrase", wrapper)
    with _writable(file):
        create_own(file, content)


@contextmanager
def _writable(file: Path) -> Generator[None, None, None]:
    try:
        yield
    except FileExistsError:
        raise CannotCopy(f"{file} exists already, and nothing is overwritten. Name a new file.") from None
    except OSError as error:
        raise CannotCopy(f"{file} cannot be written: {error.strerror}.") from None
