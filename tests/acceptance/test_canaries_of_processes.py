"""The installed command, its server and its pump, through good and bad: no secret in what they show or leave behind."""

import asyncio
import json
import random
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from tests.fakes.canaries import Canaries, fresh_canary
from tests.fakes.clock import ManualClock
from tests.fakes.command import Command, free_port
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, OWN_REDIRECT_URI, START
from tests.fakes.receiver import Receiver, receiving

from evergrant.cli.output import Exit
from evergrant.model.clock import SystemClock
from evergrant.model.json import Json
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.sandbox.run import running

pytestmark = pytest.mark.anyio
ISSUED = ("sbx_at_", "sbx_rt_", "sbx_code_", "evg_")
"""How all that the sandbox issues begins, and the vault's own bearer token."""
CALL = ("call", "sandbox_search_contacts", "--account", "sandbox", "--json")
HELLO: dict[str, Json] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
EXECUTE: dict[str, Json] = {"connected_account_id": "sandbox", "tool_name": "sandbox_search_contacts", "tool_input": {}}


@dataclass
class Terminal:
    """Runs the command and keeps everything that its processes show."""

    command: Command
    canaries: Canaries
    seen: dict[str, str] = field(default_factory=dict[str, str])

    def run(self, *arguments: str, given: str = "") -> int:
        ran = self.command.run(*arguments, given=given)
        self.keep(" ".join(arguments), ran.stdout + ran.stderr)
        return ran.returncode

    @contextmanager
    def started(self, *arguments: str) -> Generator[subprocess.Popen[str]]:
        """A process that is looked at when the block ends, and then stopped."""
        process = self.command.start_installed(*arguments)
        yield process
        self.keep(f"/proc of {arguments}", of_process(process.pid))
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.keep(" ".join(arguments), out + err)

    async def consent(self, *arguments: str) -> int:
        """Connect or reauth, the provider's redirect pasted in."""
        with self.started(*arguments, "--no-browser", "--json") as process:
            assert process.stderr
            assert process.stdin
            told = json.loads(next(line for line in process.stderr if line.startswith("{")))
            redirect = await approve(told["paste_back_url"])
            if code := parse_redirect(redirect).code:
                self.canaries.add("authorization code", code.reveal())
            process.stdin.write(redirect + "\n")
            process.stdin.flush()
            process.wait(30)
        return process.returncode

    def keep(self, what: str, shown: str) -> None:
        self.seen[f"{len(self.seen)} {what}"] = shown


def of_process(pid: int) -> str:
    """Arguments and environment; a hardened process shows its environment to root alone, and only Linux as a file."""
    shown = ""
    for name in ("cmdline", "environ"):
        try:
            shown += (Path("/proc") / str(pid) / name).read_bytes().decode("latin-1")
        except OSError:
            continue
    return shown


async def test_no_process_shows_or_leaves_a_secret(tmp_path: Path) -> None:
    permit = {"EVERGRANT_ALLOW_PRIVATE_HOSTS": "127.0.0.1"}
    command, canaries = Command(tmp_path / "home", free_port(), permit), Canaries()
    secret = fresh_canary("client-secret")
    canaries.add("client secret", secret)
    terminal = Terminal(command, canaries)
    client = Client(secret, (OWN_REDIRECT_URI,))
    provider = Sandbox({CLIENT_ID: client}, clock=ManualClock(START), chance=random.Random(1))
    with running(provider) as url, receiving() as receiver:
        webhook = hooked(terminal, receiver)
        add = ("connections", "add", "sandbox", "--client-id", CLIENT_ID, "--client-secret-stdin")
        assert terminal.run(*add, given=secret) == Exit.OK
        with terminal.started("serve", "--json") as server:
            assert server.stdout
            server.stdout.readline()
            await troubles(terminal, provider, url)
            await until_told(receiver)
            for verb in ("list", "show", "test", "disable", "enable"):
                assert terminal.run("webhooks", verb, *([] if verb == "list" else [webhook]), "--json") == Exit.OK
            terminal.keep("over HTTP", await over_http(f"http://127.0.0.1:{command.port}"))
        assert terminal.run("revoke", "sandbox", "--json") == Exit.OK
    canaries.add("key of this vault", (command.home / "vault.key").read_text(encoding="ascii").strip())

    files = [path for path in command.home.rglob("*") if path.is_file() and path.name != "vault.key"]
    left = {path.name: path.read_bytes().decode("latin-1") for path in files}
    everything = {**terminal.seen, **left}
    assert canaries.found(everything) == {}
    assert [(place, prefix) for place, text in everything.items() for prefix in ISSUED if prefix in text] == []
    assert {"vault.db", "spool", "server.json"} <= left.keys()
    assert any("--client-secret-stdin" not in text and "serve" in text for text in terminal.seen.values())


def hooked(terminal: Terminal, receiver: Receiver) -> str:
    """The id of a webhook; its secret is printed by the command that adds it, and by that of a new one, alone."""
    added = json.loads(terminal.command.run("webhooks", "add", receiver.url, "--json").stdout)
    rotated = json.loads(terminal.command.run("webhooks", "rotate-secret", added["id"], "--json").stdout)
    for one in (added, rotated):
        terminal.canaries.add("webhook secret", one["secret"].removeprefix("whsec_"))
    return str(added["id"])


async def until_told(receiver: Receiver) -> None:
    """The server tells of the grant that died in another process."""
    clock = SystemClock()
    async with asyncio.timeout(30):
        while "agent.auth.reauth_required" not in [got.data["type"] for got in receiver.received]:
            await clock.sleep(0.05)


async def troubles(terminal: Terminal, provider: Sandbox, url: str) -> None:
    """Commands that succeed and commands that fail, each for another reason."""
    assert await terminal.consent("connect", "sandbox", "--set", f"origin={url}") == Exit.OK
    assert terminal.run(*CALL) == Exit.OK
    with terminal.started("mcp") as pump:
        provider.faults.add(Fault(kind=FaultKind.TRUNCATED, where="api", times=1))
        terminal.keep("an agent's calls", agents_calls(pump))
    provider.revoke()
    assert terminal.run(*CALL) == Exit.REAUTH_REQUIRED
    provider.faults.add(Fault(kind=FaultKind.ERROR_IN_200, where="token", times=1))
    assert await terminal.consent("reauth", "sandbox") == Exit.NOT_CONNECTED


async def over_http(origin: str) -> str:
    """What the server answers to strangers; its own log is looked at with its output."""
    async with httpx2.AsyncClient(base_url=origin, trust_env=False) as http:
        answers = [
            await http.get("/callback?code=sbx_code_guessed-by-a-stranger&state=guessed"),
            await http.post("/mcp", json={}, headers={"Authorization": "Bearer evg_guessed-by-a-stranger"}),
            await http.get("/accounts?access_token=sbx_at_guessed-by-a-stranger"),
        ]
    assert [answer.status_code for answer in answers] == [400, 401, 404]
    return "\n".join(f"{answer.headers} {answer.text}" for answer in answers)


def agents_calls(pump: subprocess.Popen[str]) -> str:
    """A session of an agent: one call that fails at the provider, one that succeeds."""
    assert pump.stdin
    assert pump.stdout
    answers: list[str] = []
    call: dict[str, Json] = {"name": "execute_tool", "arguments": EXECUTE}
    for number, (method, params) in enumerate((("initialize", HELLO), ("tools/call", call), ("tools/call", call))):
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        pump.stdin.write(json.dumps(request) + "\n")
        pump.stdin.flush()
        answers.append(pump.stdout.readline())
        pump.stdin.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n")
    assert "provider_unavailable" in answers[1]
    assert "anna@example.test" in answers[2]
    return "\n".join(answers)
