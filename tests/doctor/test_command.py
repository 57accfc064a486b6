"""The installed command on vaults that are fresh, healthy and ill: it finds what is wrong and names a cure there is."""

import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pytest
from tests.doctor.samples import unknown_commands
from tests.fakes.command import Command, free_port
from tests.fakes.practice import REDIRECT_URI, practice
from typing_extensions import override

from evergrant.cli.server import bind
from evergrant.doctor.finding import Finding
from evergrant.model.clock import SystemClock, boot_id
from evergrant.model.event import connection_faulted
from evergrant.model.secret import Secret
from evergrant.settings import LOCAL_TENANT
from evergrant.store.steady import SteadyClock
from evergrant.vault.ring import new_ring
from evergrant.vault.vault import open_vault

HOUR = timedelta(hours=1)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home", free_port(), {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")})


def examined(command: Command, *options: str) -> dict[str, list[Finding]]:
    """The findings by check; each one that is bad has advice, and the advice names commands that there are."""
    done = command.run("doctor", "--json", *options)
    found = [Finding(**each) for each in json.loads(done.stdout)]
    for each in found:
        assert each.level in ("ok", "note") or each.what_to_do, each
        assert unknown_commands(each.what_to_do or "") == []
    assert done.returncode == any(each.level == "problem" for each in found), done.stderr
    assert "Traceback" not in done.stderr
    checks = dict.fromkeys(each.check for each in found)
    return {check: [each for each in found if each.check == check] for check in checks}


def bad(found: Mapping[str, list[Finding]]) -> dict[str, list[str]]:
    """Every warning and problem by check: what is said and what is advised, in one text."""
    told = {
        check: [f"{each.level} {each.what} {each.what_to_do}" for each in some if each.level in ("warning", "problem")]
        for check, some in found.items()
    }
    return {check: texts for check, texts in told.items() if texts}


def make_vault(home: Path) -> None:
    """As the first command on a new home makes it."""
    open_vault(home, "file", lambda: None, SystemClock()).database.close()


@contextmanager
def serving(command: Command) -> Generator[None, None, None]:
    server = command.start("serve", "--json")
    assert server.stdout.readline() == "{\n"
    try:
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)


def test_a_fresh_home_has_nothing_wrong_and_nothing_is_made_in_it(command: Command) -> None:
    found = examined(command, "--offline")

    assert bad(found) == {}
    assert "evergrant serve" in (found["vault"][0].what_to_do or "")
    assert not command.home.exists()


def test_a_healthy_vault_with_its_server_is_in_order_to_the_last_wire(command: Command) -> None:
    command.run("install", "claude-code")
    with serving(command):
        found = examined(command)

    assert bad(found) == {}
    wires = ("server", "server, socket", "version", "server, HTTP", "server, MCP over HTTP", "port", "Claude Code")
    assert [found[name][0].level for name in wires] == ["ok"] * len(wires)


def test_a_key_that_others_can_read_is_found_and_the_advice_as_it_stands_mends_it(command: Command) -> None:
    make_vault(command.home)
    (command.home / "vault.key").chmod(0o644)

    found = examined(command, "--offline")

    assert "can be read by others" in bad(found)["key source"][0]
    [mode] = found["file modes"]
    assert mode.level == "problem"
    assert mode.what_to_do
    subprocess.run(mode.what_to_do, shell=True, check=True)  # noqa: S602  (a person pastes it into a shell)
    mended = command.run("doctor", "--offline")
    assert mended.returncode == 0
    assert mended.stdout.endswith("0 problems, 0 warnings\n")
    assert "ok       key source: The vault opens with the key in key file" in mended.stdout


def test_the_key_of_another_vault_is_found(command: Command) -> None:
    make_vault(command.home)
    (command.home / "vault.key").write_text(new_ring().text().reveal(), encoding="utf-8")

    found = bad(examined(command, "--offline"))

    assert list(found) == ["key source"]
    assert "problem The key that was found is not this vault's" in found["key source"][0]
    assert "evergrant status" in found["key source"][0]


def test_a_port_that_another_program_has_is_found_and_so_is_the_program(command: Command) -> None:
    with bind("127.0.0.1", command.port):
        found = bad(examined(command, "--offline"))

    assert list(found) == ["port"]
    assert f"(process {os.getpid()})" in found["port"][0]
    assert f"evergrant serve --port {command.port + 1}" in found["port"][0]


@pytest.mark.parametrize("at", [0, 4096 * 3])
def test_a_damaged_database_is_found_and_the_other_checks_go_on(command: Command, at: int) -> None:
    make_vault(command.home)
    with (command.home / "vault.db").open("r+b") as file:
        file.seek(at)
        file.write(random.Random(1).randbytes(4096 * 4))

    found = examined(command, "--offline")

    assert "sqlite3" in bad(found)["database"][0]
    assert [found[name][0].level for name in ("port", "connectors", "file modes", "disk")] == ["ok"] * 4


def test_a_vault_in_a_synced_folder_is_found(command: Command, tmp_path: Path) -> None:
    make_vault(tmp_path / "Dropbox" / "vault")

    found = bad(examined(replace(command, home=tmp_path / "Dropbox" / "vault"), "--offline"))

    assert list(found) == ["folder"]
    assert "Dropbox keeps that folder in step" in found["folder"][0]


def test_a_setting_that_cannot_be_used_is_a_finding(command: Command) -> None:
    wrong = replace(command, more={**command.more, "EVERGRANT_KEY_SOURCE": "postit"})

    found = bad(examined(wrong))

    assert list(found) == ["settings"]
    assert "EVERGRANT_KEY_SOURCE" in found["settings"][0]


class Ahead(SystemClock):
    """The machine's clock before it was set back."""

    @override
    def now(self) -> datetime:
        return super().now() + HOUR


async def fall_ill(home: Path) -> None:
    """An account dies, its OAuth client's redirect leads to port 8484, and another provider refuses our client."""
    async with practice(home) as world:
        account = await world.connect()
        world.sandbox.revoke()
        world.clock.advance(1801)
        await world.search(account)
        app = world.app
        added = await app.registry.add(
            LOCAL_TENANT, "hubspot", client_id="x", client_secret=Secret("y"), redirect_uri=REDIRECT_URI
        )
        await app.connections.set_fault(
            added, "invalid_client", connection_faulted(added, "invalid_client", world.clock.now())
        )


@pytest.fixture(scope="module")
def ill(tmp_path_factory: pytest.TempPathFactory) -> tuple[Command, dict[str, list[str]]]:
    """A vault with five illnesses at once, and what was found: each is found beside the others."""
    folder = tmp_path_factory.mktemp("ill")
    own = folder / "own" / "connectors"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("name: Mine\ncolour: red\n", encoding="utf-8")
    command = Command(
        folder / "home", free_port(), {"HOME": str(folder), "EVERGRANT_CONNECTOR_PATH": str(folder / "own")}
    )
    anyio.run(fall_ill, command.home)
    SteadyClock(Ahead(), command.home / "run" / "clock", boot_id())
    return command, bad(examined(command, "--offline"))


Ill = tuple[Command, dict[str, list[str]]]


def test_a_dead_account_is_found_with_the_command_that_renews_it(ill: Ill) -> None:
    assert "problem 'acme' (sandbox): its grant is dead (revoked)" in ill[1]["accounts"][0]
    assert ill[1]["accounts"][0].endswith("evergrant reauth acme")


def test_a_connection_that_is_refused_is_found(ill: Ill) -> None:
    [told] = ill[1]["connections"]
    assert told.startswith("problem hubspot refuses our OAuth client: invalid_client")
    assert "evergrant connections add hubspot" in told


def test_a_redirect_uri_with_another_port_is_found(ill: Ill) -> None:
    [told] = ill[1]["redirect URIs"]  # the sandbox takes any port
    assert told.startswith("warning hubspot")
    assert "evergrant serve --port 8484" in told


def test_a_connector_file_that_is_broken_is_found_with_its_line(ill: Ill) -> None:
    [told] = ill[1]["connectors"]
    assert "mine.yaml:2: colour" in told
    assert "evergrant tools list --connector mine" in told


def test_a_clock_that_was_set_back_is_found(ill: Ill) -> None:
    [told] = ill[1]["clock"]
    assert "set back by" in told
    assert "timedatectl" in told or "sntp" in told


def test_accounts_without_a_server_to_renew_them_are_found(ill: Ill) -> None:
    assert "evergrant serve" in ill[1]["server"][0]


def test_the_text_puts_problems_last_and_counts_them(ill: Ill) -> None:
    done = ill[0].run("doctor", "--offline")

    assert done.returncode == 1
    _, advice = done.stdout.split("What to do\n")
    marks = [line.split()[0] for line in advice.splitlines() if line.startswith(("warning", "problem"))]
    assert marks == sorted(marks, reverse=True)
    assert done.stdout.endswith(f"{marks.count('problem')} problems, {marks.count('warning')} warnings\n")
    assert "anna@" not in done.stdout.replace("as anna@", "")


def test_nothing_in_the_folder_is_changed_by_an_examination(ill: Ill, tmp_path: Path) -> None:
    copy = tmp_path / "home"
    shutil.copytree(ill[0].home, copy)
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}

    replace(ill[0], home=copy).run("doctor", "--offline", "--json")

    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
