"""The OS keychain behind `keyring`: trusted backends only, believed after a probe, never waited for longer than 5 s."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar, cast

from evergrant.vault.ring import KeyRing, KeyUnavailable, ring_of
from evergrant.vault.sources.patience import OutOfPatience, within

SERVICE = "evergrant"
TRUSTED_KEYRINGS = (
    "keyring.backends.macOS.Keyring",
    "keyring.backends.Windows.WinVaultKeyring",
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
)
"""Only these: a plaintext or null backend that happens to be installed would be chosen silently otherwise."""
KEYRINGS_OWN = ("keyring.backends.fail.Keyring", "keyring.backends.chainer.ChainerBackend")
"""Not keychains: what `keyring` puts where there is none, or where there are several."""
PATIENCE_S = 5.0
T = TypeVar("T")


class Keychain(Protocol):
    """The part of `keyring.backend.KeyringBackend` that is used here."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class NoKeychain(KeyUnavailable):
    """This machine has no keychain that can be used; the message says what there is instead."""


class KeychainLocked(KeyUnavailable):
    """There is a keychain, and it waits for a person to unlock it."""

    def __init__(self) -> None:
        super().__init__(
            "The OS keychain is locked, or did not answer within 5 seconds. Unlock it and try again. For a new vault, "
            "EVERGRANT_KEY_SOURCE=file keeps the key in a file that only you can read."
        )


class KeychainStore:
    """Keeps the ring in the OS keychain."""

    def __init__(self, keychain: Keychain, vault_id: str, patience_s: float = PATIENCE_S) -> None:
        self._keychain = keychain
        self._vault_id = vault_id
        self._patience_s = patience_s
        self.where = f"OS keychain (service {SERVICE!r}, account {vault_id!r})"

    def read(self) -> KeyRing | None:
        """The ring; None where the keychain has none for this vault. Raises KeyUnavailable."""
        kept = _asked(lambda: self._keychain.get_password(SERVICE, self._vault_id), self._patience_s)
        return None if kept is None else ring_of(kept, self.where)

    def write(self, ring: KeyRing) -> None:
        """Exchange the entry; raises KeyUnavailable."""
        text = ring.text().reveal()
        _asked(lambda: self._keychain.set_password(SERVICE, self._vault_id, text), self._patience_s)


def system_keychain(patience_s: float = PATIENCE_S) -> Keychain:
    """The best trusted backend that gives a probe back; raises NoKeychain, KeychainLocked.

    Each step may take `patience_s`: a locked keychain asks a person, who may not be there.
    """
    found = _asked(_backends, patience_s)
    locked = False
    for backend in (backend for backend in found if _name(backend) in TRUSTED_KEYRINGS):
        try:
            if _asked(partial(_keeps, backend), patience_s):
                return backend
        except KeychainLocked:
            locked = True
        except KeyUnavailable:
            continue  # absent or refusing: another may do better
    if locked:
        raise KeychainLocked
    raise NoKeychain(_instead(found, patience_s))


def _asked(call: Callable[[], T], patience_s: float) -> T:
    """What a backend answers, its failures told as KeyUnavailable."""
    import keyring.errors  # noqa: PLC0415  (a vault whose key lies elsewhere starts without it)

    try:
        return within(patience_s, call)
    except (OutOfPatience, keyring.errors.KeyringLocked):
        raise KeychainLocked from None
    except Exception as error:  # noqa: BLE001  (each backend raises what the library beneath it raises)
        raise KeyUnavailable(f"The OS keychain failed: {type(error).__name__}: {error}") from None


def _backends() -> list[Keychain]:
    import keyring.backend  # noqa: PLC0415  (as above)

    found = sorted(keyring.backend.get_all_keyring(), key=lambda backend: -backend.priority)
    return [cast("Keychain", backend) for backend in found]


def _name(backend: object) -> str:
    return f"{type(backend).__module__}.{type(backend).__name__}"


def _keeps(backend: Keychain) -> bool:
    account, value = f"probe-{secrets.token_hex(4)}", secrets.token_hex(8)
    backend.set_password(SERVICE, account, value)
    kept = backend.get_password(SERVICE, account)
    backend.delete_password(SERVICE, account)
    return kept == value


def _instead(found: list[Keychain], patience_s: float) -> str:
    """What a person should know where no keychain will do: what there is, and why it was not taken."""
    import keyring  # noqa: PLC0415  (as above)

    names = {_name(backend) for backend in found}
    with suppress(KeyUnavailable):
        names.add(_asked(lambda: _name(keyring.get_keyring()), patience_s))
    if refused := sorted(names.difference(TRUSTED_KEYRINGS, KEYRINGS_OWN)):
        return f"There is no OS keychain here but {', '.join(refused)}, refused since it does not keep secrets secret."
    if names.intersection(TRUSTED_KEYRINGS):
        return "There is an OS keychain here, but it did not give back what it was given to try it."
    return "There is no OS keychain here."
