"""Sealed fields: AES-256-GCM-SIV (RFC 8452) with associated data that names what is sealed.

Layout: version byte, algorithm byte, 16-byte id of the key, 12-byte nonce, ciphertext with tag. GCM-SIV, since a
repeated nonce (a cloned machine's random state) then costs nothing but the knowledge that two plaintexts are equal.
"""

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from evergrant.model.secret import Secret

VERSION = 1
AES_256_GCM_SIV = 1
FORMAT = bytes([VERSION, AES_256_GCM_SIV])
KEY_ID_LENGTH = 16
NONCE_LENGTH = 12
KEY_LENGTH = 32
UNNAMED = bytes(KEY_ID_LENGTH)
"""The id of a key that is the only one of its kind."""


class SealBroken(Exception):
    """A sealed value was changed, moved to another place, or sealed with another key."""


class Sealer:
    """Seals and opens values of one vault with one 32-byte key."""

    def __init__(self, key: bytes, vault_id: str, key_id: bytes = UNNAMED) -> None:
        self._aead = AESGCMSIV(key)
        self._vault_id = vault_id
        self._header = FORMAT + key_id

    def seal(self, secret: Secret, *place: str | int) -> bytes:
        """`secret`, sealed for `place`: tenant, record, field and generation, as the table has them."""
        return self.wrap(secret.reveal().encode(), *place)

    def open(self, sealed: bytes, *place: str | int) -> Secret:
        """The secret that was sealed for exactly this place; raises SealBroken."""
        return Secret(self.unwrap(sealed, *place).decode())

    def wrap(self, clear: bytes, *place: str | int) -> bytes:
        """The same for bytes, such as another key."""
        nonce = os.urandom(NONCE_LENGTH)
        return self._header + nonce + self._aead.encrypt(nonce, clear, self._bound_to(place))

    def unwrap(self, sealed: bytes, *place: str | int) -> bytes:
        """What was wrapped for exactly this place; raises SealBroken."""
        if sealed[: len(FORMAT)] != FORMAT:
            raise SealBroken(
                "A sealed value has an unknown version or algorithm; a newer Evergrant may have written it."
            )
        header, body = sealed[: len(self._header)], sealed[len(self._header) :]
        try:
            if header != self._header:
                raise InvalidTag
            return self._aead.decrypt(body[:NONCE_LENGTH], body[NONCE_LENGTH:], self._bound_to(place))
        except (InvalidTag, ValueError):
            raise SealBroken("A sealed value does not open: it was changed or moved, or the key is another.") from None

    def _bound_to(self, place: tuple[str | int, ...]) -> bytes:
        return self._header + b"".join([_length_prefixed(str(part)) for part in (self._vault_id, *place)])


@lru_cache(maxsize=1024)  # names and ids, of which a call has a dozen, the same again and again; never a secret
def _length_prefixed(part: str) -> bytes:
    data = part.encode()
    return len(data).to_bytes(4) + data
