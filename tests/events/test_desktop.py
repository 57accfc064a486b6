"""Notes on the desktop, shown by a program that writes its arguments down."""

import asyncio
import sys
from pathlib import Path

import pytest
from tests.events.stage import TENANT, Stage, person, stage
from tests.vault.samples import held_call

from evergrant.events.desktop import DesktopNotes, system_program
from evergrant.model.event import approval_required
from evergrant.store.locks import FileLock
from evergrant.vault.accounts import Accounts

pytestmark = pytest.mark.anyio


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """Where the programs write down how they were called, NUL-separated, and a line of their environment."""
    place, folder = tmp_path / "shown", tmp_path / "bin"
    folder.mkdir()
    told = f'open({str(place)!r}, "a").write(repr((sys.argv[1:], sorted(os.environ))) + "\\n")'
    script = f"#!{sys.executable}\nimport os, sys\n{told}\n"
    for name in ("notify-send", "osascript"):
        (folder / name).write_text(script, encoding="utf-8")
        (folder / name).chmod(0o755)
    return place


def notes(on: Stage, shown: Path, platform: str = "linux") -> DesktopNotes:
    environment = {"PATH": str(shown.parent / "bin"), "EVERGRANT_KEY": "the vault's key", "DISPLAY": ":0"}
    show = system_program(platform, environment)
    assert show
    return DesktopNotes(on.outbox, Accounts(on.vault.database), TENANT, on.vault.folder / "run", show)


def told(shown: Path) -> list[str]:
    return shown.read_text(encoding="utf-8").splitlines() if shown.exists() else []


async def test_a_dead_grant_is_shown_once_by_alias_and_service_and_nothing_else(on: Stage, shown: Path) -> None:
    here = notes(on, shown)
    await here.show_new()
    await on.die()
    await here.show_new()
    await here.show_new()
    await notes(on, shown).show_new()
    (line,) = told(shown)
    assert "'--app-name=Evergrant', '--', 'sandbox wants you to sign in again'" in line
    assert "evergrant reauth acme-1" in line
    assert "EVERGRANT_KEY" not in line
    assert "DISPLAY" in line
    for private in (person().label, person().subject, person().id, "reconnect/x"):
        assert private not in line


async def test_what_was_there_before_and_what_is_over_is_not_shown(on: Stage, shown: Path) -> None:
    await on.die(1)
    here = notes(on, shown)
    await here.show_new()
    await on.die(2)
    await on.come_back(2)
    await here.show_new()
    assert told(shown) == []


async def test_of_several_processes_one_shows_it(on: Stage, shown: Path, tmp_path: Path) -> None:
    await notes(on, shown).show_new()
    await on.die()
    async with stage(tmp_path / "home") as other:
        await asyncio.gather(*(notes(each, shown).show_new() for each in (on, other)))
    assert len(told(shown)) == 1
    lock = FileLock(on.vault.folder / "run" / "notes.lock")
    await on.die(2)
    assert lock.try_acquire()
    await notes(on, shown).show_new()
    lock.release()
    assert len(told(shown)) == 1
    await notes(on, shown).show_new()
    assert len(told(shown)) == 2


async def test_an_alias_is_an_argument_and_never_a_script_or_markup(on: Stage, shown: Path) -> None:
    alias = '"; do shell script "x"; <b>&'
    for platform in ("linux", "darwin"):
        show = system_program(platform, {"PATH": str(shown.parent / "bin")})
        assert show
        await show("title", alias)
    linux, mac = told(shown)
    assert "&lt;b&gt;&amp;" in linux
    assert repr(alias) in mac
    assert "'on run argv', '-e', 'display notification (item 2 of argv) with title (item 1 of argv)'" in mac


def test_without_a_program_there_are_no_notes(tmp_path: Path) -> None:
    assert system_program("linux", {"PATH": str(tmp_path)}) is None


async def test_a_call_that_must_be_approved_is_shown_by_its_tool(on: Stage, shown: Path) -> None:
    here = notes(on, shown)
    await here.show_new()
    await on.write(approval_required(person(), held_call(person()), "https://grants.example/approve/x", on.clock.now()))
    await here.show_new()

    (line,) = told(shown)
    assert "'sandbox: a call waits for your approval'" in line
    assert f"sandbox_append_row as acme-1. Run: evergrant calls approve {held_call(person()).id}" in line
    assert "approve/x" not in line
