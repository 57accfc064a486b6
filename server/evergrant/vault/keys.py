"""Which source a vault's key ring comes from. What is asked for is taken or refused: nothing else takes its place."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, assert_never

from evergrant.vault.ring import KeyRing, KeyStore, KeyUnavailable, new_ring
from evergrant.vault.sources.file import FileStore, key_file
from evergrant.vault.sources.given import Given, Transit, given_key, given_passphrase, key_place, passphrase_place
from evergrant.vault.sources.keychain import Keychain, KeychainStore, NoKeychain
from evergrant.vault.sources.sealed import KeyWrapper, SealedStore, Sealing, sealed_file, sealed_ring
from evergrant.vault.sources.vault_transit import TransitWrapper
from evergrant.vault.sources.wrapping import KeyedWrapper, PassphraseWrapper

Source = Literal["keychain", "file"] | Sealing
KeySource = Literal["auto"] | Source
FindKeychain = Callable[[], Keychain | None]
"""Raises NoKeychain, or returns None, where there is none; raises KeychainLocked."""
NOTHING = Given()
NEW_WITHOUT_KEYCHAIN = "Start one, or set EVERGRANT_KEY_SOURCE=file to keep the key in a file that only you can read."
NOWHERE = (
    "No key lies in the vault's folder. Restore it from your backup, or log in as the vault's owner: "
    "without it nothing opens."
)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The ring of an open vault, where it is kept, and what a person should know of that."""

    ring: KeyRing
    store: KeyStore = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def material(self) -> bytes:
        """The current 32-byte key."""
        return self.ring.key

    @property
    def where(self) -> str:
        """Where the ring lies, for a person."""
        return self.store.where


def obtain(
    folder: Path, vault_id: str, source: KeySource, find_keychain: FindKeychain, given: Given = NOTHING, *, new: bool
) -> MasterKey:
    """The key ring of this vault; one is made only where the vault is `new`. Raises KeyUnavailable."""
    sources = _Sources(folder, vault_id, find_keychain, given, new=new)
    try:
        chosen = sources.automatic() if source == "auto" else sources.named(source)
    except NoKeychain as none:
        raise KeyUnavailable(f"{none} {NEW_WITHOUT_KEYCHAIN if new else _elsewhere(folder)}") from None
    ring = chosen.store.read()
    if ring is None:
        if not new:
            place = f"This vault ({vault_id}) has no key in its place, {chosen.store.where}."
            raise KeyUnavailable(f"{place} {_elsewhere(folder)}")
        ring = new_ring()
        chosen.store.write(ring)
    return MasterKey(ring, chosen.store, (*chosen.warnings, *_unused(given, chosen)))


def made_for(folder: Path) -> str | None:
    """The vault that the folder's sealed ring was made for: a database that is lost comes back under the same id."""
    kept = sealed_ring(folder)
    return kept.vault if kept else None


@dataclass(frozen=True, slots=True)
class _Chosen:
    source: Source
    store: KeyStore
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources that one vault could have its ring in."""

    folder: Path
    vault_id: str
    find_keychain: FindKeychain
    given: Given
    new: bool

    def automatic(self) -> _Chosen:
        """What the vault was made with; a new one takes what is given, else the keychain, else the key file."""
        made = _made_with(self.folder)
        if made is not None:
            return self.named(made)
        if not self.new:
            return self.named("keychain")  # it leaves nothing in the folder
        if passphrase_place(self.given):
            return self.named("passphrase")
        return self.named("env") if key_place(self.given) else self._keychain_or_file()

    def named(self, source: Source) -> _Chosen:
        """That source and no other; raises KeyUnavailable, NoKeychain."""
        match source:
            case "keychain":
                return _Chosen(source, self._keychain())
            case "file":
                return _Chosen(source, FileStore(self.folder))
            case "passphrase":
                passphrase = given_passphrase(self.given, new=self.new)
                wrapper = PassphraseWrapper(passphrase.secret, self.vault_id, passphrase.name)
                return self._sealed(source, wrapper, passphrase.name, passphrase.warning)
            case "env":
                key, handed = given_key(self.given)
                return self._sealed(source, KeyedWrapper(key, self.vault_id, handed.name), handed.name, handed.warning)
            case "aws-kms":
                return self._sealed(source, self._kms(), f"the AWS KMS key {self.given.kms_key}")
            case "vault-transit":
                transit = self._transit()
                by = f"the transit key {transit.key} of the Vault at {transit.address}"
                return self._sealed(source, TransitWrapper(transit, self.vault_id), by)
            case _:
                assert_never(source)

    def _keychain_or_file(self) -> _Chosen:
        try:
            return self.named("keychain")
        except NoKeychain:
            return self.named("file")

    def _keychain(self) -> KeyStore:
        found = self.find_keychain()
        if found is None:
            raise NoKeychain("There is no OS keychain here.")
        return KeychainStore(found, self.vault_id)

    def _sealed(self, source: Sealing, wrapper: KeyWrapper, by: str, warning: str | None = None) -> _Chosen:
        store = SealedStore(self.folder, self.vault_id, source, wrapper, by)
        return _Chosen(source, store, (warning,) if warning else ())

    def _kms(self) -> KeyWrapper:
        if not self.given.kms_key:
            raise KeyUnavailable("Set EVERGRANT_AWS_KMS_KEY to the id, ARN or alias of the KMS key.")
        try:
            from evergrant.vault.sources.aws_kms import KmsWrapper  # noqa: PLC0415  (boto3 is an extra)
        except ModuleNotFoundError:
            raise KeyUnavailable("AWS KMS needs boto3. Install it with: pip install 'evergrant[aws]'") from None
        return KmsWrapper(self.given.kms_key, self.vault_id)

    def _transit(self) -> Transit:
        if not self.given.transit:
            raise KeyUnavailable("Set VAULT_ADDR to the address of the HashiCorp Vault.")
        return self.given.transit


def _made_with(folder: Path) -> Source | None:
    """The source that has left its file in the folder; raises KeyUnavailable where two have."""
    file, sealed = key_file(folder), sealed_ring(folder)
    if sealed and os.path.lexists(file):
        raise KeyUnavailable(
            f"Both {file} and {sealed_file(folder)} lie there. Set EVERGRANT_KEY_SOURCE to file or to {sealed.source}, "
            "whichever the vault opens with, and move the other one away."
        )
    return sealed.source if sealed else "file" if os.path.lexists(file) else None


def _elsewhere(folder: Path) -> str:
    """What to do where an existing vault's key is not where it was looked for."""
    made = _made_with(folder)
    return f"Its folder has a key of the source {made}: set EVERGRANT_KEY_SOURCE={made}." if made else NOWHERE


def _unused(given: Given, chosen: _Chosen) -> tuple[str, ...]:
    """A secret that is given and not used must not pass for protection."""
    places = {"env": key_place(given), "passphrase": passphrase_place(given)}
    unused = [place for source, place in places.items() if place and source != chosen.source]
    return tuple(f"{place} is given and not used: this vault's key lies in {chosen.store.where}." for place in unused)
