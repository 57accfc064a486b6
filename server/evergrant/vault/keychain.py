"""The OS keychain behind `keyring`, believed only after it has kept and given back a probe."""

import secrets
from typing import cast

import keyring.backend
import keyring.errors

from evergrant.vault.keys import SERVICE, TRUSTED_KEYRINGS, Keychain


def system_keychain() -> Keychain | None:
    """The first trusted backend that passes a write-read-delete probe; None where there is none."""
    candidates = sorted(keyring.backend.get_all_keyring(), key=lambda backend: -backend.priority)
    trusted = (backend for backend in candidates if _name(backend) in TRUSTED_KEYRINGS)
    return next((cast("Keychain", backend) for backend in trusted if _keeps(cast("Keychain", backend))), None)


def _name(backend: object) -> str:
    return f"{type(backend).__module__}.{type(backend).__name__}"


def _keeps(backend: Keychain) -> bool:
    account, value = f"probe-{secrets.token_hex(4)}", secrets.token_hex(8)
    try:
        backend.set_password(SERVICE, account, value)
        kept = backend.get_password(SERVICE, account)
        backend.delete_password(SERVICE, account)
    except (keyring.errors.KeyringError, OSError, RuntimeError):
        return False  # absent, locked or refusing: the caller says what happens instead
    return kept == value
