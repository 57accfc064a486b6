"""Sealed fields: AES-256-GCM-SIV (RFC 8452) with associated data that names what is sealed.

Layout: version byte, algorithm byte, 12-byte nonce, ciphertext with tag. GCM-SIV, since a repeated nonce (a cloned
machine's random state) then costs nothing but the knowledge that two plaintexts are equal.
"""

import copy
import os
from collections.abc import Callable
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from evergrant.model.secret import Secret

VERSION = 1
AES_256_GCM_SIV = 1
HEADER = bytes([VERSION, AES_256_GCM_SIV])
NONCE_LENGTH = 12
KEY_LENGTH = 32


class SealBroken(Exception):
    """A sealed value was changed, moved to another place, or sealed with another key."""


OnSecret = Callable[[Secret], None]


def _nobody_is_told(_secret: Secret) -> None:
    """No secret is noted."""


class Sealer:
    """Seals and opens the fields of one vault with one 32-byte key; `on_secret` is told of each secret."""

    def __init__(self, key: bytes, vault_id: str, on_secret: OnSecret = _nobody_is_told) -> None:
        self._aead = AESGCMSIV(key)
        self._vault_id = vault_id
        self._on_secret = on_secret

    def telling(self, on_secret: OnSecret) -> Self:
        """This sealer, with somebody who is told of each secret that it seals or opens."""
        told = copy.copy(self)
        told._on_secret = on_secret
        return told

    def seal(self, secret: Secret, *place: str | int) -> bytes:
        """`secret`, sealed for `place`: tenant, record, field and generation, as the table has them."""
        self._on_secret(secret)
        nonce = os.urandom(NONCE_LENGTH)
        return HEADER + nonce + self._aead.encrypt(nonce, secret.reveal().encode(), self._bound_to(place))

    def open(self, sealed: bytes, *place: str | int) -> Secret:
        """The secret that was sealed for exactly this place; raises SealBroken."""
        if sealed[: len(HEADER)] != HEADER:
            raise SealBroken(
                "A sealed value has an unknown version or algorithm; a newer Evergrant may have written it."
            )
        body = sealed[len(HEADER) :]
        try:
            clear = self._aead.decrypt(body[:NONCE_LENGTH], body[NONCE_LENGTH:], self._bound_to(place))
        except (InvalidTag, ValueError):
            raise SealBroken("A sealed value does not open: it was changed or moved, or the key is another.") from None
        secret = Secret(clear.decode())
        self._on_secret(secret)
        return secret

    def _bound_to(self, place: tuple[str | int, ...]) -> bytes:
        return HEADER + b"".join(_length_prefixed(str(part)) for part in (self._vault_id, *place))


def _length_prefixed(part: str) -> bytes:
    data = part.encode()
    return len(data).to_bytes(4) + data
