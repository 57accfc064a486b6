from collections.abc import Callable

import keyring
import keyring.backend
import pytest
from tests.fakes.keychain import Alters, Breaks, Locked, Memory, Swallows, Waits

from evergrant.vault.ring import KeyUnavailable, new_ring
from evergrant.vault.sources.keychain import (
    PATIENCE_S,
    TRUSTED_KEYRINGS,
    KeychainLocked,
    KeychainStore,
    NoKeychain,
    system_keychain,
)

Install = Callable[..., list[Memory]]
SECRET_SERVICE = "keyring.backends.SecretService.Keyring"
SHORT = 0.01


def backend(kind: type[Memory], path: str, priority: float = 5) -> Memory:
    """A backend that goes by the name of one of keyring's."""
    module, _, name = path.rpartition(".")
    made: Memory = type(name, (kind,), {"__module__": module, "priority": priority})()
    return made


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes these the backends that keyring finds on the machine; the first is the one it would use itself."""

    def put(*backends: Memory) -> list[Memory]:
        monkeypatch.setattr(keyring.backend, "get_all_keyring", lambda: list(backends))
        monkeypatch.setattr(keyring, "get_keyring", lambda: backends[0])
        return list(backends)

    return put


def test_a_keychain_is_waited_for_five_seconds() -> None:
    assert PATIENCE_S == 5


@pytest.mark.parametrize("path", TRUSTED_KEYRINGS)
def test_a_trusted_keychain_that_keeps_the_probe_is_taken(install: Install, path: str) -> None:
    [keychain] = install(backend(Memory, path))
    assert system_keychain() is keychain
    assert keychain.kept == {}, "the probe is taken away again"


@pytest.mark.parametrize(
    "path",
    [
        "keyring.backends.null.Keyring",
        "keyrings.alt.file.PlaintextKeyring",
        "keyrings.alt.file.EncryptedKeyring",
        "x.y",
    ],
)
def test_an_untrusted_keychain_is_refused_by_name_however_well_it_works(install: Install, path: str) -> None:
    [keychain] = install(backend(Memory, path, priority=99))
    with pytest.raises(NoKeychain, match=f"{path}, refused"):
        system_keychain()
    assert keychain.kept == {}, "and is not even asked"


@pytest.mark.parametrize("path", ["keyring.backends.fail.Keyring", "keyring.backends.chainer.ChainerBackend"])
def test_what_keyring_puts_in_the_place_of_a_keychain_is_none(install: Install, path: str) -> None:
    install(backend(Memory, path))
    with pytest.raises(NoKeychain, match=r"There is no OS keychain here\.$"):
        system_keychain()


@pytest.mark.parametrize("kind", [Swallows, Alters, Breaks])
def test_a_trusted_keychain_that_fails_the_probe_is_not_taken(install: Install, kind: type[Memory]) -> None:
    install(backend(kind, SECRET_SERVICE))
    with pytest.raises(NoKeychain, match="did not give back"):
        system_keychain()


@pytest.mark.parametrize("kind", [Locked, Waits])
def test_a_keychain_that_asks_for_its_person_is_locked(install: Install, kind: type[Memory]) -> None:
    install(backend(kind, SECRET_SERVICE))
    with pytest.raises(KeychainLocked, match="Unlock it"):
        system_keychain(SHORT)


def test_a_machine_whose_backends_do_not_answer_is_locked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits()
    monkeypatch.setattr(keyring.backend, "get_all_keyring", waits.answered.wait)
    with pytest.raises(KeychainLocked):
        system_keychain(SHORT)


def test_the_best_one_that_works_is_taken(install: Install) -> None:
    _, better, _, _ = install(
        backend(Memory, "keyring.backends.kwallet.DBusKeyring", 4),
        backend(Memory, "keyring.backends.libsecret.Keyring", 4.8),
        backend(Locked, SECRET_SERVICE, 5),
        backend(Memory, "keyrings.alt.file.PlaintextKeyring", 9),
    )
    assert system_keychain() is better


def test_a_broken_choice_of_keyrings_own_does_not_hide_what_there_is(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(backend(Memory, "keyrings.alt.file.PlaintextKeyring"))

    def misnamed() -> None:
        raise ModuleNotFoundError("No module named 'misnamed'")

    monkeypatch.setattr(keyring, "get_keyring", misnamed)
    with pytest.raises(NoKeychain, match="PlaintextKeyring"):
        system_keychain()


def test_a_ring_lies_in_the_keychain_under_its_vaults_name() -> None:
    keychain, ring = Memory(), new_ring()
    store = KeychainStore(keychain, "vault_1")
    assert store.read() is None
    store.write(ring)
    assert list(keychain.kept) == [("evergrant", "vault_1")]
    assert store.read() == ring
    assert KeychainStore(keychain, "vault_2").read() is None


@pytest.mark.parametrize(
    ("kind", "told"), [(Locked, "is locked"), (Waits, "is locked"), (Breaks, "LookupError: org.freedesktop")]
)
def test_every_failure_of_a_keychain_is_told(kind: type[Memory], told: str) -> None:
    store = KeychainStore(kind(), "vault_1", SHORT)
    with pytest.raises(KeyUnavailable, match=told):
        store.read()
    with pytest.raises(KeyUnavailable, match=told):
        store.write(new_ring())


def test_a_wrong_value_in_the_keychain_is_refused() -> None:
    keychain = Memory()
    keychain.set_password("evergrant", "vault_1", "someone else's")
    with pytest.raises(KeyUnavailable, match=r"OS keychain .* is not a vault's key"):
        KeychainStore(keychain, "vault_1").read()
