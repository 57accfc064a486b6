"""Where the vault's key lies: the OS keychain where one works, else a key file that only its owner can read."""

import base64
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from evergrant.vault.seal import KEY_LENGTH

SERVICE = "evergrant"
TRUSTED_KEYRINGS = (
    "keyring.backends.macOS.Keyring",
    "keyring.backends.Windows.WinVaultKeyring",
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
)
"""Only these: a plaintext or null backend that happens to be installed would be chosen silently otherwise."""

KeySource = Literal["auto", "keychain", "file"]


class KeyUnavailable(Exception):
    """The vault's key cannot be had; the message says where it was looked for and what to do."""


class Keychain(Protocol):
    """The part of `keyring.backend.KeyringBackend` that is used here."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """The 32-byte key and, for a person, where it lies."""

    material: bytes
    where: str


def key_file(folder: Path) -> Path:
    """The key file of the vault in `folder`."""
    return folder / "vault.key"


def obtain(
    folder: Path, vault_id: str, source: KeySource, keychain: Callable[[], Keychain | None], *, new: bool
) -> MasterKey:
    """The key of this vault; one is made only where the vault is `new`. Raises KeyUnavailable.

    An existing key file wins under `auto`: a vault's key does not move because a keychain has appeared.
    """
    path = key_file(folder)
    if source == "file" or (source == "auto" and path.exists()):
        return _from_file(path, new=new)
    usable = keychain()
    if usable is not None:
        return _from_keychain(usable, vault_id, new=new)
    if source == "keychain":
        raise KeyUnavailable(
            "No usable OS keychain answers here. Unlock it, or set EVERGRANT_KEY_SOURCE=file to keep the key in a file."
        )
    return _from_file(path, new=new)


def _from_keychain(keychain: Keychain, vault_id: str, *, new: bool) -> MasterKey:
    stored = keychain.get_password(SERVICE, vault_id)
    if stored is None and new:
        stored = _encode(secrets.token_bytes(KEY_LENGTH))
        keychain.set_password(SERVICE, vault_id, stored)
    if stored is None:
        raise KeyUnavailable(
            f"The OS keychain has no key for this vault ({vault_id}). Restore it, or log in as its owner."
        )
    return MasterKey(_decode(stored, "the OS keychain"), f"OS keychain (service {SERVICE!r}, account {vault_id!r})")


def _from_file(path: Path, *, new: bool) -> MasterKey:
    if new:
        _create(path)
    if not path.exists():
        raise KeyUnavailable(f"The key file {path} is missing. Restore it from your backup: without it nothing opens.")
    _check(path)
    return MasterKey(_decode(path.read_bytes().decode("latin-1"), str(path)), f"key file {path} (mode 0600)")


def _create(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # another process made it first; its key counts
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(_encode(secrets.token_bytes(KEY_LENGTH)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _check(path: Path) -> None:
    info = path.lstat()
    if not stat.S_ISREG(info.st_mode):
        raise KeyUnavailable(f"{path} is not a plain file. Put the key itself there, not a link.")
    if info.st_uid != os.getuid():
        raise KeyUnavailable(f"{path} belongs to another user. Run: chown $(id -u) {path}")
    if info.st_mode & 0o077:
        raise KeyUnavailable(f"{path} can be read by others. Run: chmod 600 {path}")


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_LENGTH:
        raise KeyUnavailable(f"What lies in {where} is not a 32-byte key. Restore it from your backup.")
    return key
