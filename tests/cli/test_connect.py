"""`evergrant connect` and `reauth` as processes: the page with its code or ticket, and the address that is pasted."""

import json
import random
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.fakes.command import Command, free_port
from tests.fakes.consent import approve
from tests.fakes.forked_process import PipedProcess
from tests.fakes.person import Person, passer_by
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, OWN_REDIRECT_URI

from evergrant.model.clock import SystemClock
from evergrant.model.link import Link
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.run import running

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Desk:
    """A terminal with a vault, and the provider that it is registered with."""

    command: Command
    url: str

    @contextmanager
    def asking(self, *arguments: str) -> Generator[PipedProcess, None, None]:
        """A command that waits for a consent; stopped at the end if it is not done."""
        process = self.command.start(*arguments)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=20)

    def connecting(self, *more: str) -> tuple[str, ...]:
        return ("connect", "sandbox", "--alias", "acme", "--set", f"origin={self.url}", *more)


@pytest.fixture
def desk(tmp_path: Path) -> Generator[Desk, None, None]:
    command = Command(tmp_path / "home", free_port())
    client = Client(CLIENT_SECRET, (OWN_REDIRECT_URI,))
    with running(Sandbox({CLIENT_ID: client}, clock=SystemClock(), chance=random.Random(1))) as url:
        add = ("connections", "add", "sandbox", "--client-id", CLIENT_ID, "--client-secret-stdin")
        added = command.run(*add, given=CLIENT_SECRET)
        assert f"http://localhost:{command.port}/callback/sandbox" in added.stdout
        yield Desk(command, url)


@pytest.fixture
async def passers() -> AsyncGenerator[Callable[[], Person], None]:
    """People who come by, each with another browser."""
    met: list[Person] = []

    def come_by() -> Person:
        met.append(passer_by())
        return met[-1]

    yield come_by
    for person in met:
        await person.browser.aclose()


def told(process: PipedProcess) -> tuple[Link, str]:
    """The link of a command that prints JSON, and the address whose answer is pasted."""
    said = json.loads(next(line for line in process.stderr if line.startswith("{")))
    return Link(said["url"], said["confirmation_code"]), said["paste_back_url"]


def result(process: PipedProcess) -> dict[str, str]:
    printed, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    account: dict[str, str] = json.loads(printed)
    return account


async def test_without_a_server_the_command_serves_the_page_itself_and_waits_past_another_person(
    desk: Desk, passers: Callable[[], Person]
) -> None:
    with desk.asking(*desk.connecting("--no-browser", "--json")) as process:
        link, _ = told(process)
        await passers().connects(link, "anna")
        account = result(process)
    assert (account["alias"], account["identity"]) == ("acme", "anna@example.test")

    with desk.asking("reauth", "acme", "--no-browser", "--json") as process:
        link, _ = told(process)
        assert "/reconnect/" in link.url
        person = passers()
        assert (await person.connects(link, "bert")).status_code == 403
        assert process.poll() is None
        await person.connects(link, "anna")
        assert result(process)["id"] == account["id"]


async def test_a_printed_address_comes_with_its_code_and_with_one_to_paste_the_answer_of(desk: Desk) -> None:
    with desk.asking(*desk.connecting("--no-browser")) as process:
        assert next(process.stderr).startswith("Mind: The sandbox")
        invited = next(process.stderr)
        shown = [next(process.stderr).strip() for _ in range(3)]
        assert "confirm with the code" in invited
        assert shown[0].startswith(f"http://localhost:{desk.command.port}/connect/")
        assert "paste the whole address" in shown[1]
        process.stdin.write(await approve(shown[2], "anna") + "\n")
        printed, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert "anna@example.test" in printed


async def test_beside_a_server_its_pages_are_used_and_ctrl_c_ends_the_link(
    desk: Desk, passers: Callable[[], Person]
) -> None:
    with desk.asking("serve", "--json") as server:
        server.stdout.readline()
        with desk.asking(*desk.connecting("--no-browser", "--json")) as process:
            called_off, _ = told(process)
        assert (await passers().opens(called_off.url)).status_code == 410
        with desk.asking(*desk.connecting("--no-browser", "--json")) as process:
            link, paste = told(process)
            person = passers()
            assert (await person.opens(await approve(paste, "mallory"))).status_code == 403, "only the terminal may"
            assert (await person.connects(link)).status_code == 200
            assert result(process)["identity"] == "anna@example.test"


async def test_a_browser_that_the_command_opens_itself_is_not_asked_for_the_code(
    desk: Desk, passers: Callable[[], Person], tmp_path: Path
) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f"#!{sys.executable}\nimport sys\nopen({str(opened)!r}, 'w').write(sys.argv[1])\n")
    browser.chmod(0o755)
    at_screen = Command(desk.command.home, desk.command.port, {"BROWSER": f"{browser} %s", "DISPLAY": ":0"})
    with Desk(at_screen, desk.url).asking(*desk.connecting("--json")) as process:
        link, _ = told(process)
        address = opened.read_text(encoding="utf-8")
        assert address.startswith(f"{link.url}?ticket=")
        person = passers()
        page = await person.opens(address)
        assert "no code is needed" in page.text
        proof = page.text.partition('name="proof" value="')[2].partition('"')[0]
        origin = {"Origin": f"http://localhost:{desk.command.port}"}
        sent = await person.browser.post(link.url, data={"proof": proof}, headers=origin)
        await person.opens(await approve(sent.headers["Location"], "anna"))
        assert result(process)["identity"] == "anna@example.test"
