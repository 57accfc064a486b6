"""A real keychain, present, locked, absent, and what is none: real processes in sessions without a screen."""

import os
import signal
from pathlib import Path

import pytest
from tests.fakes.desktop import (
    LIST,
    LOCKED,
    OPEN_AUTO,
    OPEN_KEYCHAIN,
    UNLOCKED,
    Desktop,
    keyrings_alt,
    need_gnome_keyring,
)

PLAINTEXT = "keyrings.alt.file.PlaintextKeyring"
NULL = "keyring.backends.null.Keyring"


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    return Desktop(tmp_path)


@pytest.fixture(scope="module")
def gnome_keyring() -> None:
    need_gnome_keyring()


@pytest.fixture(scope="module")
def alt() -> str:
    return str(keyrings_alt())


@pytest.mark.usefixtures("gnome_keyring")
def test_present_the_key_lies_in_the_secret_service_and_every_later_process_finds_it(desktop: Desktop) -> None:
    made, found, kept = desktop.session(UNLOCKED, OPEN_AUTO, OPEN_KEYCHAIN, LIST)
    vault_id, length = kept.split()
    assert made == found == f"ok OS keychain (service 'evergrant', account '{vault_id}')"
    assert int(length) > 100, "the ring; and the probe is gone"
    assert desktop.keys() == []
    assert desktop.session(UNLOCKED, OPEN_AUTO) == [made], "after the next login too"


@pytest.mark.usefixtures("gnome_keyring")
def test_locked_with_a_prompt_that_nobody_answers_it_ends_after_five_seconds_and_nothing_is_made(
    desktop: Desktop,
) -> None:
    assert desktop.session(UNLOCKED, LIST) == []
    prompter = desktop.put_a_prompter_that_nobody_answers()
    try:
        told = desktop.session(LOCKED, OPEN_AUTO, OPEN_KEYCHAIN)
    finally:
        os.kill(int(prompter.read_text()), signal.SIGKILL)
    assert [line.partition(" Unlock it")[0] for line in told] == [
        "refused The OS keychain is locked, or did not answer within 5 seconds."
    ] * 2
    assert desktop.keys() == []
    assert desktop.session(UNLOCKED, LIST) == []


@pytest.mark.usefixtures("gnome_keyring")
def test_locked_a_vault_whose_key_lies_there_opens_once_it_is_unlocked(desktop: Desktop) -> None:
    made = desktop.session(UNLOCKED, OPEN_AUTO)
    [told] = desktop.session(LOCKED, OPEN_AUTO)
    assert told.startswith("refused The OS keychain is locked")
    assert desktop.keys() == []
    assert desktop.session(UNLOCKED, OPEN_AUTO) == made


@pytest.mark.usefixtures("gnome_keyring")
def test_a_keychain_that_was_never_made_and_cannot_be_is_none(desktop: Desktop) -> None:
    [told] = desktop.session(OPEN_KEYCHAIN)
    assert told.startswith("refused There is an OS keychain here, but it did not give back")
    assert desktop.keys() == []


def test_absent_a_keychain_that_was_asked_for_is_refused_and_else_the_key_file_is_taken_and_named(
    desktop: Desktop,
) -> None:
    [told] = desktop.without_a_bus(OPEN_KEYCHAIN)
    assert told.startswith("refused There is no OS keychain here. Start one, or set EVERGRANT_KEY_SOURCE=file")
    assert desktop.keys() == []
    assert desktop.without_a_bus(OPEN_AUTO) == [f"ok key file {desktop.vault / 'vault.key'} (mode 0600)"]


@pytest.mark.usefixtures("gnome_keyring")
def test_a_key_in_a_file_stays_there_though_a_keychain_has_appeared(desktop: Desktop) -> None:
    made = desktop.without_a_bus(OPEN_AUTO)
    assert desktop.session(UNLOCKED, OPEN_AUTO, LIST) == made
    assert desktop.keys() == ["vault.key"]


@pytest.mark.parametrize("chosen", [{}, {"PYTHON_KEYRING_BACKEND": PLAINTEXT}], ids=["installed", "chosen"])
def test_plaintext_is_refused_by_name_and_holds_nothing(desktop: Desktop, alt: str, chosen: dict[str, str]) -> None:
    [told] = desktop.without_a_bus(OPEN_KEYCHAIN, PYTHONPATH=alt, **chosen)
    assert told.startswith("refused There is no OS keychain here but ")
    assert f"{PLAINTEXT}, refused since" in told
    assert desktop.keys() == []
    desktop.without_a_bus(OPEN_AUTO, PYTHONPATH=alt, **chosen)
    assert desktop.keys() == ["vault.key"]


def test_null_is_refused_by_name_and_holds_nothing(desktop: Desktop) -> None:
    [told] = desktop.without_a_bus(OPEN_KEYCHAIN, PYTHON_KEYRING_BACKEND=NULL)
    assert told.startswith(f"refused There is no OS keychain here but {NULL}, refused since")
    assert desktop.keys() == []
    desktop.without_a_bus(OPEN_AUTO, PYTHON_KEYRING_BACKEND=NULL)
    assert desktop.keys() == ["vault.key"]


@pytest.mark.usefixtures("gnome_keyring")
def test_a_real_keychain_is_taken_whatever_keyring_was_told_to_use(desktop: Desktop, alt: str) -> None:
    [made] = desktop.session(UNLOCKED, OPEN_AUTO, PYTHONPATH=alt, PYTHON_KEYRING_BACKEND=PLAINTEXT)
    assert made.startswith("ok OS keychain")
    assert desktop.keys() == []
