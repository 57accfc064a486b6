"""`evergrant revoke --all --at-provider` through the installed command."""

import asyncio
import json
import os
import pty
import random
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.fakes.command import COMMAND, Command, free_port
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, add_client
from typer.testing import CliRunner

from evergrant.app import open_app
from evergrant.cli.main import build
from evergrant.cli.receipts import ReceiptFile
from evergrant.model.clock import SystemClock
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import real_world
from evergrant.vault.vault import database_file

PEOPLE = ("anna", "bert", "cleo")
ALL = ("revoke", "--all", "--at-provider")


@dataclass(frozen=True)
class Vault:
    """The command's vault, with three accounts at a sandbox."""

    command: Command
    sandbox: Sandbox
    receipts: Path

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.receipts.read_text(encoding="utf-8").splitlines()]

    def states(self) -> dict[str, str]:
        with closing(sqlite3.connect(database_file(self.command.home))) as connection:
            return dict(connection.execute("SELECT alias, state FROM connected_account").fetchall())


@pytest.fixture
def vault(tmp_path: Path) -> Generator[Vault, None, None]:
    provider = Sandbox(
        {CLIENT_ID: Client(CLIENT_SECRET, (REDIRECT_URI,))}, clock=SystemClock(), chance=random.Random(1)
    )
    command = Command(tmp_path / "home", free_port())
    with running(provider) as url:
        asyncio.run(_connect(command.home, url))
        yield Vault(command, provider, tmp_path / "receipts.jsonl")


async def _connect(home: Path, url: str) -> None:
    async with open_app(Settings(home=home, key_source="file"), real_world()) as app:
        await add_client(app)
        for person in PEOPLE:
            begun = await app.connect.begin(LOCAL_TENANT, "sandbox", person, {"origin": url})
            await app.consent.finish(parse_redirect(await approve(begun.url, person)))


def failure(done: subprocess.CompletedProcess[str]) -> str:
    code: str = json.loads(done.stdout)["error"]["code"]
    return code


def test_all_are_revoked_each_with_a_receipt_on_paper_and_on_the_screen(vault: Vault) -> None:
    done = vault.command.run(*ALL, "--yes", "--json", "--receipts", str(vault.receipts))

    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert (shown["ok"], shown["failed"], shown["unsupported"], shown["left"]) == (3, 0, 0, 0)
    assert {receipt["alias"] for receipt in shown["receipts"]} == set(PEOPLE)
    one = shown["receipts"][0]
    assert (one["outcome"], one["connector"], one["grants"], one["revoked"]) == ("ok", "sandbox", 1, 1)
    assert one["identity"].endswith("@example.test")
    assert sorted(map(str, vault.lines())) == sorted(map(str, shown["receipts"]))
    assert stat.S_IMODE(vault.receipts.stat().st_mode) == 0o600
    assert shown["log_emptied"] is True
    assert (vault.sandbox.count.grants_dead, vault.states()) == (3, {})


def test_what_failed_is_named_with_the_way_on_and_the_exit_code_says_so(vault: Vault) -> None:
    vault.sandbox.faults.add(Fault(kind=FaultKind.ERROR_IN_200, where="revoke"))

    done = vault.command.run(*ALL, "--yes")

    assert done.returncode == 5
    assert "the provider answered 200 server_error" in done.stdout
    assert "3 kept here, stopped. Run again: evergrant revoke --all --at-provider" in done.stdout
    assert "3/3 failed" in done.stderr
    assert vault.states() == dict.fromkeys(PEOPLE, "revoked")
    shown = vault.command.run("accounts", "show", "anna", "--json")
    assert json.loads(shown.stdout)["first_command"] == "evergrant revoke anna"


def test_a_rehearsal_lists_what_would_be_sent_and_changes_nothing(vault: Vault) -> None:
    done = vault.command.run(*ALL, "--dry-run", "--json", "--receipts", str(vault.receipts))

    assert done.returncode == 0, done.stderr
    accounts = json.loads(done.stdout)["accounts"]
    assert {(one["alias"], one["outcome"]) for one in accounts} == {(person, "ok") for person in PEOPLE}
    assert all(one["endpoint"].endswith("/revoke") for one in accounts)
    assert (vault.sandbox.count.revocations, vault.receipts.exists()) == (0, False)
    assert vault.states() == dict.fromkeys(PEOPLE, "active")


def test_without_a_terminal_and_without_a_yes_it_refuses(vault: Vault) -> None:
    done = vault.command.run(*ALL, "--json")

    assert (done.returncode, failure(done)) == (2, "not_confirmed")
    assert vault.sandbox.count.revocations == 0


@pytest.mark.parametrize(("typed", "code", "revoked"), [("n", 1, 0), ("y", 0, 3)])
def test_at_a_terminal_it_asks_first(vault: Vault, typed: str, code: int, revoked: int) -> None:
    person, end = pty.openpty()
    os.write(person, f"{typed}\n".encode())

    done = subprocess.run(
        [COMMAND, *ALL, "--json"], env=vault.command.env, stdin=end, capture_output=True, timeout=60, check=False
    )
    os.close(person)
    os.close(end)

    assert b"It cannot be undone" in done.stderr
    assert (done.returncode, vault.sandbox.count.revocations) == (code, revoked)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_whatever_stops_it_what_was_done_is_written_and_the_next_run_does_the_rest(
    vault: Vault, number: signal.Signals, code: int
) -> None:
    vault.sandbox.faults.add(Fault(kind=FaultKind.DELAY_REQUEST, where="revoke", times=2, seconds=60))
    process = vault.command.start(*ALL, "--yes", "--receipts", str(vault.receipts))
    assert process.stderr.readline().startswith("1/3 ok")

    process.send_signal(number)
    printed, _ = process.communicate(timeout=60)

    assert process.returncode == code
    [first] = vault.lines()
    if number is signal.SIGINT:
        assert str(first["alias"]) in printed
        assert "2 have not had their turn; they are stopped here. Go on:" in printed
    left = vault.states()
    left.pop(str(first["alias"]), None)  # killed, it may not have come to shredding it
    assert left == dict.fromkeys(set(PEOPLE) - {first["alias"]}, "revoked")
    again = vault.command.run(*ALL, "--yes", "--receipts", str(vault.receipts))
    assert again.returncode == 0, again.stderr
    assert {line["alias"] for line in vault.lines() if line["outcome"] == "ok"} == set(PEOPLE)
    assert (vault.sandbox.count.grants_dead, vault.states()) == (3, {})


def test_a_server_that_runs_on_the_vault_finds_its_accounts_gone(vault: Vault) -> None:
    server = vault.command.start("serve", "--json")
    assert server.stdout.readline() == "{\n"

    done = vault.command.run(*ALL, "--yes", "--json")

    server.send_signal(signal.SIGINT)
    server.communicate(timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["log_emptied"] is True
    assert vault.states() == {}


def test_receipts_that_cannot_be_written_stop_it_before_it_begins(vault: Vault) -> None:
    done = vault.command.run(*ALL, "--yes", "--json", "--receipts", str(vault.receipts / "no" / "folder"))

    assert (done.returncode, failure(done)) == (1, "receipts_unwritable")
    assert vault.sandbox.count.revocations == 0


def test_a_line_that_a_crash_has_torn_stays_alone(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    path.write_text('{"id": "conn_', encoding="utf-8")
    for alias in ("anna", "bert"):
        file = ReceiptFile(path)
        file.add({"alias": alias})
        file.close()

    assert path.read_text(encoding="utf-8") == '{"id": "conn_\n{"alias": "anna"}\n{"alias": "bert"}\n'


@pytest.mark.parametrize(
    "arguments",
    [(), ("--all",), ("--all", "--at-provider", "acme"), ("acme", "--yes"), ("acme", "--dry-run"), ("--at-provider",)],
)
def test_what_does_not_go_together_is_refused(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(build(), ["revoke", *arguments, "--json"])  # refused before it looks for a vault

    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (2, "bad_usage")


def test_a_tenant_that_has_no_account_is_no_success(vault: Vault) -> None:
    done = vault.command.run(*ALL, "--yes", "--json", "--tenant", "tnt_typo")

    assert (done.returncode, failure(done)) == (3, "not_found")
    assert vault.sandbox.count.revocations == 0


def test_the_help_shows_both_uses(tmp_path: Path) -> None:
    shown = Command(tmp_path / "home", free_port()).run("revoke", "--help").stdout

    assert "evergrant revoke acme" in shown
    assert "evergrant revoke --all --at-provider --dry-run" in shown
