"""Wrapping under a secret that we are given: a 32-byte key, or a passphrase stretched with Argon2id (RFC 9106)."""

import os
import struct
import unicodedata

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from evergrant.model.secret import Secret
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.seal import KEY_LENGTH, SealBroken, Sealer

PLACE = "keyring"
SALT_LENGTH = 16
HEADER = struct.Struct(f">BIBB{SALT_LENGTH}s")
"""Version, memory in KiB, passes, lanes, salt."""
VERSION, MEMORY_KIB, PASSES, LANES = 1, 64 * 1024, 3, 4
"""The second recommendation of RFC 9106 section 4."""
MOST_MEMORY_KIB, MOST_PASSES, MOST_LANES = 1024 * 1024, 16, 16
"""What a header may ask for: one that was tampered with must not take the machine's memory."""


class KeyedWrapper:
    """Wraps for one vault under a key."""

    def __init__(self, key: bytes, vault_id: str, name: str) -> None:
        """`name` is what the key is called where it does not fit."""
        self._sealer = Sealer(key, vault_id)
        self._name = name

    def wrap(self, clear: bytes) -> bytes:
        """Seal under the key."""
        return self._sealer.seal(Secret(clear.decode()), PLACE)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open with the key; raises KeyUnavailable where it does not fit."""
        try:
            return self._sealer.open(wrapped, PLACE).reveal().encode()
        except SealBroken:
            raise KeyUnavailable(
                f"This vault's key ring does not open with {self._name}. Give the one that it was made with."
            ) from None


class PassphraseWrapper:
    """Wraps for one vault under a passphrase, with a new salt each time."""

    def __init__(self, passphrase: Secret, vault_id: str, name: str) -> None:
        """`name` is what the passphrase is called where it does not fit."""
        self._passphrase = passphrase
        self._vault_id = vault_id
        self._name = name

    def wrap(self, clear: bytes) -> bytes:
        """The parameters, then what is sealed under the key that comes of them."""
        header = HEADER.pack(VERSION, MEMORY_KIB, PASSES, LANES, os.urandom(SALT_LENGTH))
        return header + self._under(header).wrap(clear)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open with the passphrase; raises KeyUnavailable where it does not fit."""
        return self._under(wrapped[: HEADER.size]).unwrap(wrapped[HEADER.size :])

    def _under(self, header: bytes) -> KeyedWrapper:
        """The wrapper under the stretched passphrase; a changed header makes another key, so it opens nothing."""
        memory, passes, lanes, salt = _parameters(header)
        argon2 = Argon2id(salt=salt, length=KEY_LENGTH, iterations=passes, lanes=lanes, memory_cost=memory)
        # The same letters may be typed as other code points on another machine (RFC 8265 4.2.2).
        typed = unicodedata.normalize("NFC", self._passphrase.reveal())
        return KeyedWrapper(argon2.derive(typed.encode()), self._vault_id, self._name)


def _parameters(header: bytes) -> tuple[int, int, int, bytes]:
    try:
        version, memory, passes, lanes, salt = HEADER.unpack(header)
    except struct.error:
        version, memory, passes, lanes, salt = 0, 0, 0, 0, b""
    usable = 1 <= passes <= MOST_PASSES and 1 <= lanes <= MOST_LANES and 8 * lanes <= memory <= MOST_MEMORY_KIB
    if version != VERSION or not usable:
        raise KeyUnavailable("The sealed key ring is damaged, or a newer Evergrant wrote it. Restore your backup.")
    return memory, passes, lanes, salt
