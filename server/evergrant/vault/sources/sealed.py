"""The sealed ring: a file in the vault's folder that opens only with a secret which is kept elsewhere."""

import base64
from pathlib import Path
from typing import Literal, Protocol

from pydantic import Base64Bytes, BaseModel, ConfigDict

from evergrant.vault.ring import KeyRing, KeyUnavailable, ring_of
from evergrant.vault.sources.private_file import read_own, write_own

Sealing = Literal["passphrase", "env", "aws-kms", "vault-transit"]
"""What the secret is, as EVERGRANT_KEY_SOURCE names it."""


class KeyWrapper(Protocol):
    """Seals a few hundred bytes for one vault, and opens them again. Both raise KeyUnavailable."""

    def wrap(self, clear: bytes) -> bytes: ...
    def unwrap(self, wrapped: bytes) -> bytes: ...


class SealedRing(BaseModel):
    """What the file says in clear, and the ring in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    v: Literal[1] = 1
    source: Sealing
    vault: str
    sealed: Base64Bytes


def sealed_file(folder: Path) -> Path:
    """The sealed ring of the vault in `folder`."""
    return folder / "keyring.sealed"


def sealed_ring(folder: Path) -> SealedRing | None:
    """What lies in the folder; raises KeyUnavailable where that is damaged or others can touch it."""
    path = sealed_file(folder)
    content = read_own(path)
    try:
        return None if content is None else SealedRing.model_validate_json(content)
    except ValueError:
        raise KeyUnavailable(f"{path} is damaged, or of a newer Evergrant. Restore it from your backup.") from None


class SealedStore:
    """Keeps the ring in the sealed file."""

    def __init__(self, folder: Path, vault_id: str, source: Sealing, wrapper: KeyWrapper, by: str) -> None:
        """`by` names the secret, for a person."""
        self._folder = folder
        self._vault_id = vault_id
        self._source: Sealing = source
        self._wrapper = wrapper
        self.where = f"{sealed_file(folder)}, sealed with {by}"

    def read(self) -> KeyRing | None:
        """The ring; None where there is no file. Raises KeyUnavailable."""
        kept = sealed_ring(self._folder)
        if kept is None:
            return None
        if kept.vault != self._vault_id:
            raise KeyUnavailable(f"{sealed_file(self._folder)} is of another vault ({kept.vault}).")
        if kept.source != self._source:
            raise KeyUnavailable(
                f"{sealed_file(self._folder)} is sealed with the source {kept.source}, not {self._source}. "
                f"Set EVERGRANT_KEY_SOURCE={kept.source}, or unset it."
            )
        return ring_of(self._wrapper.unwrap(kept.sealed).decode(), self.where)

    def write(self, ring: KeyRing) -> None:
        """Exchange the file; raises KeyUnavailable.

        It is opened once before it takes the place of what can be opened: a service may let us seal and not open.
        """
        content = sealed_document(ring, self._vault_id, self._source, self._wrapper)
        write_own(sealed_file(self._folder), content)


def sealed_document(ring: KeyRing, vault_id: str, source: Sealing, wrapper: KeyWrapper) -> bytes:
    """The content of a sealed file, which has been opened once; raises KeyUnavailable."""
    text = ring.text().reveal().encode()
    sealed = wrapper.wrap(text)
    if wrapper.unwrap(sealed) != text:
        raise KeyUnavailable("What was sealed did not open again, so nothing was written.")
    document = SealedRing(source=source, vault=vault_id, sealed=base64.b64encode(sealed))
    return document.model_dump_json(indent=1).encode() + b"\n"
