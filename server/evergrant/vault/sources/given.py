"""Secrets that the surroundings hand over: in files, systemd credentials, the environment, or typed by a person."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from evergrant.model.secret import Secret
from evergrant.vault.ring import KeyUnavailable, key_of
from evergrant.vault.sources.private_file import read_mounted

KEY_CREDENTIAL = "evergrant-key"
PASSPHRASE_CREDENTIAL = "evergrant-passphrase"
SHORTEST_PASSPHRASE = 8
"""Characters of a new one (NIST SP 800-63B 5.1.1.1)."""
VISIBLE = (
    "The vault's key is in the environment, where every program of yours can read it (/proc). "
    "Put it in a file and name that in EVERGRANT_KEY_FILE."
)


@dataclass(frozen=True, slots=True)
class Transit:
    """Where a HashiCorp Vault's transit engine is, by the names of its own tools."""

    address: str
    token: Secret | None
    token_file: Path | None
    namespace: str | None
    key: str


@dataclass(frozen=True, slots=True)
class Given:
    """All that a vault's key may come from outside its folder and the keychain."""

    key: Secret | None = None
    """EVERGRANT_KEY"""
    key_file: Path | None = None
    """EVERGRANT_KEY_FILE"""
    passphrase_file: Path | None = None
    """EVERGRANT_PASSPHRASE_FILE"""
    credentials: Path | None = None
    """CREDENTIALS_DIRECTORY (systemd.exec, "Credentials")"""
    kms_key: str | None = None
    """EVERGRANT_AWS_KMS_KEY"""
    transit: Transit | None = None
    """VAULT_ADDR and its kin"""
    ask: Callable[[bool], Secret] | None = None
    """Asks a person for the passphrase, twice where it is new; None where nobody sits there."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A secret that was handed over, its name for a person, and what a person should know of it."""

    secret: Secret
    name: str
    warning: str | None = None


def key_place(given: Given) -> str | None:
    """What a key is given by, the first that is: file, systemd credential, environment."""
    mounted = _key_mount(given)
    return mounted.name if mounted else "EVERGRANT_KEY" if given.key else None


def passphrase_place(given: Given) -> str | None:
    """What a passphrase is given by, the first that is: file, systemd credential."""
    mounted = _passphrase_mount(given)
    return mounted.name if mounted else None


def given_key(given: Given) -> tuple[bytes, Handed]:
    """The 32-byte key that is given; raises KeyUnavailable, also where another place would hold a good one."""
    handed = _handed_key(given)
    try:
        return key_of(handed.secret.reveal()), handed
    except ValueError:
        raise KeyUnavailable(
            f"There is no 32-byte key in base64 in {handed.name}. Make one with: openssl rand -base64 32"
        ) from None


def given_passphrase(given: Given, *, new: bool) -> Handed:
    """The passphrase that is given, else the one a person types; raises KeyUnavailable."""
    handed = _handed_passphrase(given, new=new)
    if new:
        check_new(handed.secret, handed.name)
    return handed


def check_new(passphrase: Secret, name: str) -> None:
    """Raises KeyUnavailable where a new passphrase, called `name`, is too short."""
    if len(passphrase.reveal()) < SHORTEST_PASSPHRASE:
        raise KeyUnavailable(f"A new passphrase has {SHORTEST_PASSPHRASE} characters or more; {name} has fewer.")


def mounted_passphrase(path: Path) -> Handed:
    """The passphrase in a file that a person names; raises KeyUnavailable."""
    return _read(_Mount(path, str(path)))


def _handed_key(given: Given) -> Handed:
    if mounted := _key_mount(given):
        return _read(mounted)
    if given.key:
        return Handed(given.key, "EVERGRANT_KEY", VISIBLE)
    raise KeyUnavailable(
        "This vault's key ring is sealed with a key that is given, and none is. Name a file in EVERGRANT_KEY_FILE, "
        f"pass the systemd credential {KEY_CREDENTIAL}, or set EVERGRANT_KEY."
    )


def _handed_passphrase(given: Given, *, new: bool) -> Handed:
    if mounted := _passphrase_mount(given):
        return _read(mounted)
    if given.ask:
        return Handed(given.ask(new), "the passphrase that was typed")
    raise KeyUnavailable(
        "This vault's key ring is sealed with a passphrase, and none is given. Name a file in "
        f"EVERGRANT_PASSPHRASE_FILE, pass the systemd credential {PASSPHRASE_CREDENTIAL}, or type it: evergrant serve"
    )


class _Mount(NamedTuple):
    path: Path
    name: str


def _key_mount(given: Given) -> _Mount | None:
    return _mount(given.key_file, "EVERGRANT_KEY_FILE", given.credentials, KEY_CREDENTIAL)


def _passphrase_mount(given: Given) -> _Mount | None:
    return _mount(given.passphrase_file, "EVERGRANT_PASSPHRASE_FILE", given.credentials, PASSPHRASE_CREDENTIAL)


def _mount(named: Path | None, variable: str, credentials: Path | None, credential: str) -> _Mount | None:
    """The file that a variable names, else the credential, where the unit was passed one."""
    if named:
        return _Mount(named, f"{variable} ({named})")
    passed = credentials / credential if credentials else None
    return _Mount(passed, f"the systemd credential {credential}") if passed and passed.exists() else None


def _read(mount: _Mount) -> Handed:
    content, open_to_all = read_mounted(mount.path)
    warning = f"{mount.path} can be read by every user of this machine. Run: chmod 600 {mount.path}"
    try:
        return Handed(Secret(content.decode().rstrip("\r\n")), mount.name, warning if open_to_all else None)
    except UnicodeDecodeError:
        raise KeyUnavailable(f"What {mount.name} holds is not text.") from None
