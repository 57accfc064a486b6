"""Keychains that last as long as the test, good and bad ones."""

import threading

import keyring.errors
from typing_extensions import override


class Memory:
    """A good one."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Swallows(Memory):
    """As keyring's null backend: everything is taken, nothing kept."""

    @override
    def set_password(self, service: str, username: str, password: str) -> None: ...

    @override
    def delete_password(self, service: str, username: str) -> None: ...


class Alters(Memory):
    """Keeps something else than it was given."""

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password.upper() + "!")


class Locked(Memory):
    """Its person has dismissed the prompt."""

    @override
    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked("Failed to unlock the collection!")

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.KeyringLocked("Failed to unlock the collection!")


class Waits(Memory):
    """Its prompt stands there until `answered`."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()

    @override
    def get_password(self, service: str, username: str) -> str | None:
        self.answered.wait()
        return super().get_password(service, username)

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        self.answered.wait()
        super().set_password(service, username, password)


class Breaks(Memory):
    """Fails as a library beneath it does: with an exception of that library's own."""

    @override
    def get_password(self, service: str, username: str) -> str | None:
        raise LookupError("org.freedesktop.DBus.Error.NoReply")

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        raise LookupError("org.freedesktop.DBus.Error.NoReply")
