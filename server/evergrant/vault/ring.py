"""The key ring of a vault: its versioned keys, and what must outlive each of them."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator

from evergrant.model.secret import Secret
from evergrant.vault.seal import KEY_LENGTH

SPOOL_PURPOSE = b"evergrant rescue spool v1"
LINK_PURPOSE = b"evergrant links v1"
STATE_PURPOSE = b"evergrant mcp request state v1"
BEARER_PURPOSE = b"evergrant local http bearer v1"


class KeyUnavailable(Exception):
    """The vault's key cannot be had; the message says where it was looked for and what to do."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """A vault's 32-byte keys by version, of which `current` seals what is new."""

    keys: Mapping[int, bytes] = field(repr=False)
    current: int
    epoch: int
    """Grows with the vault: a database with a smaller one was restored from a backup."""
    bearer: bytes = field(repr=False)
    """32 bytes of which the local bearer, the spool's key and the links' are made; they stay when the keys change."""

    @property
    def key(self) -> bytes:
        """The current key."""
        return self.keys[self.current]

    def spool_key(self) -> bytes:
        """The key of the rescue spool, which outlives the vault's keys as the bearer does."""
        return hmac.new(self.bearer, SPOOL_PURPOSE, hashlib.sha256).digest()

    def link_key(self) -> bytes:
        """The key of links to consent pages, which outlives the vault's keys likewise: a link lives for a day."""
        return hmac.new(self.bearer, LINK_PURPOSE, hashlib.sha256).digest()

    def state_key(self) -> bytes:
        """The key of what MCP clients carry from round to round of a call; it too outlives the vault's keys."""
        return hmac.new(self.bearer, STATE_PURPOSE, hashlib.sha256).digest()

    def text(self) -> Secret:
        """The ring as a source keeps it: short, since a Windows credential holds 1,280 characters."""
        document = _Document(v=1, keys=dict(self.keys), current=self.current, epoch=self.epoch, bearer=self.bearer)
        return Secret(document.model_dump_json())


class KeyStore(Protocol):
    """Where one vault's key ring is kept."""

    @property
    def where(self) -> str:
        """The place, for a person."""
        ...

    def read(self) -> KeyRing | None:
        """The ring; None where the place is good and holds none. Raises KeyUnavailable."""
        ...

    def write(self, ring: KeyRing) -> None:
        """Put the ring in place of what is there, whole or not at all. Raises KeyUnavailable."""
        ...


def key_of(text: str) -> bytes:
    """32 bytes from their base64; raises ValueError."""
    key = base64.b64decode(text.strip(), validate=True)
    if len(key) != KEY_LENGTH:
        raise ValueError("not 32 bytes")
    return key


def _bytes_of(value: object) -> bytes:
    return value if isinstance(value, bytes) else key_of(str(value))


def _text_of(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


_Key = Annotated[bytes, BeforeValidator(_bytes_of), PlainSerializer(_text_of)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    v: Literal[1]
    keys: dict[int, _Key]
    current: int
    epoch: int
    bearer: _Key

    @model_validator(mode="after")
    def _has_its_current(self) -> Self:
        if self.current not in self.keys:
            raise ValueError("there is no key of the current version")
        return self


def new_ring() -> KeyRing:
    """The ring of a new vault."""
    return KeyRing({1: secrets.token_bytes(KEY_LENGTH)}, 1, 0, secrets.token_bytes(KEY_LENGTH))


def ring_of(text: str, where: str) -> KeyRing:
    """The ring that `text` is, as JSON or as the bare base64 key of the first vaults; raises KeyUnavailable."""
    try:
        return _of_document(text) if text.lstrip().startswith("{") else _of_bare_key(key_of(text))
    except ValueError:
        raise KeyUnavailable(f"What lies in {where} is not a vault's key. Restore it from your backup.") from None


def _of_document(text: str) -> KeyRing:
    document = _Document.model_validate_json(text)
    return KeyRing(document.keys, document.current, document.epoch, document.bearer)


def _of_bare_key(key: bytes) -> KeyRing:
    """Its bearer is what such a vault's bearer was made of, so that clients keep theirs."""
    return KeyRing({1: key}, 1, 0, hmac.new(key, BEARER_PURPOSE, hashlib.sha256).digest())
