from collections.abc import Callable

import keyring.backend
import keyring.errors
import pytest
from tests.vault.test_keys import Memory

from evergrant.vault.keychain import system_keychain
from evergrant.vault.keys import TRUSTED_KEYRINGS

Install = Callable[..., list[Memory]]


class Swallows(Memory):
    """As keyring's null backend: everything is taken, nothing kept."""

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password)
        self.kept.clear()

    def delete_password(self, service: str, username: str) -> None:
        self.kept.pop((service, username), None)


class Locked(Memory):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.KeyringLocked(service, username, password)


class Alters(Memory):
    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password.upper() + "!")


def backend(kind: type[Memory], path: str, priority: float = 5) -> Memory:
    """A backend that goes by the name of one of keyring's."""
    module, _, name = path.rpartition(".")
    made: Memory = type(name, (kind,), {"__module__": module, "priority": priority})()
    return made


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes these the backends that keyring finds on the machine."""

    def put(*backends: Memory) -> list[Memory]:
        monkeypatch.setattr(keyring.backend, "get_all_keyring", lambda: list(backends))
        return list(backends)

    return put


@pytest.mark.parametrize("path", TRUSTED_KEYRINGS)
def test_a_trusted_keychain_that_keeps_the_probe_is_taken(install: Install, path: str) -> None:
    [keychain] = install(backend(Memory, path))
    assert system_keychain() is keychain
    assert keychain.kept == {}, "the probe is taken away again"


@pytest.mark.parametrize(
    "path",
    ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring", "keyrings.alt.file.PlaintextKeyring", "x.y"],
)
def test_an_untrusted_keychain_is_not_taken_however_well_it_works(install: Install, path: str) -> None:
    [keychain] = install(backend(Memory, path, priority=99))
    assert system_keychain() is None
    assert keychain.kept == {}, "and is not even asked"


@pytest.mark.parametrize("kind", [Swallows, Locked, Alters])
def test_a_trusted_keychain_that_fails_the_probe_is_not_taken(install: Install, kind: type[Memory]) -> None:
    install(backend(kind, "keyring.backends.SecretService.Keyring"))
    assert system_keychain() is None


def test_the_best_one_that_works_is_taken(install: Install) -> None:
    _, better, _ = install(
        backend(Memory, "keyring.backends.kwallet.DBusKeyring", 4),
        backend(Memory, "keyring.backends.libsecret.Keyring", 4.8),
        backend(Locked, "keyring.backends.SecretService.Keyring", 5),
    )
    assert system_keychain() is better


def test_there_may_be_none(install: Install) -> None:
    install()
    assert system_keychain() is None
