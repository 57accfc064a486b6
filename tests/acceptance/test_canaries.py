"""No token, code, verifier or client secret in any log, error, result, event, file or process argument."""

import json
import logging
import signal
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.canaries import Eavesdropper, found
from tests.fakes.clock import ManualClock
from tests.fakes.command import Command, free_port
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_SECRET, START, Practice, add_client, sandbox, surroundings

from evergrant.app import open_app
from evergrant.cli.logs import configure
from evergrant.model.account import ConnectedAccount
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.sandbox.run import running
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT, Settings

pytestmark = pytest.mark.anyio


async def test_no_secret_leaves_by_any_way_but_the_wire(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    configure("DEBUG")
    caplog.set_level(logging.DEBUG)
    clock, wire = ManualClock(START), Eavesdropper()
    provider = sandbox(clock)
    with running(provider) as url:
        world = replace(surroundings(clock), transport=wire)
        async with open_app(Settings(home=tmp_path, key_source="file"), world) as app:
            await add_client(app)
            practice = Practice(app, provider, clock, url)
            said = await _a_hard_day(practice)
            said += [json.dumps(event.data) for event in app.outbox.after(LOCAL_TENANT, 0, 100)]
            said += [repr(app), *(repr(app.tokens.account(one.key)) for one in app.accounts.all(LOCAL_TENANT))]
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert len(wire.secrets) > 10
    assert CLIENT_SECRET in wire.secrets
    assert found(wire.secrets, "\n".join(said)) == []
    assert found(wire.secrets, caplog.text) == []
    assert found(wire.secrets, files.decode("latin-1")) == []


async def _a_hard_day(practice: Practice) -> list[str]:
    """What is said through every kind of trouble: results, failures, tracebacks."""
    account = await practice.connect()
    said = [await _call(practice, account)]
    for kind in FaultKind:
        for where in ("api", "token"):
            practice.sandbox.faults.add(Fault(kind=kind, where=where, times=1, error="invalid_client"))
            practice.clock.advance(1801)
            said.append(await _call(practice, account))
            practice.sandbox.faults.clear()
            practice.clock.advance(1801)
    practice.sandbox.revoke()
    said.append(await _call(practice, account))
    for user in ("bert", "anna"):
        begun = await practice.app.connect.begin_reauth(account)
        try:
            await practice.app.consent.finish(parse_redirect(await approve(begun.url, user)))
        except ConsentFailed:
            said.append(traceback.format_exc())
    return [*said, await _call(practice, account)]


async def _call(practice: Practice, account: ConnectedAccount) -> str:
    outcome = await practice.search(account)
    return json.dumps(outcome.as_json()) + repr(outcome)


async def test_the_processes_show_no_secret_in_arguments_environment_or_output(tmp_path: Path) -> None:
    command, clock = Command(tmp_path / "home", free_port()), ManualClock(START)
    provider = sandbox(clock)
    with running(provider) as url:
        added = command.run(
            "connections", "add", "sandbox", "--client-id", "practice", "--client-secret-stdin", given=CLIENT_SECRET
        )
        server = command.start("serve", "--json")
        waiting = command.start("connect", "sandbox", "--set", f"origin={url}", "--no-browser", "--json")
        assert waiting.stderr
        assert waiting.stdin
        address = next(line.strip() for line in waiting.stderr if line.startswith("http"))
        waiting.stdin.write(await approve(address) + "\n")
        waiting.stdin.flush()
        seen = "".join(_of_process(process.pid) for process in (server, waiting))
        printed, told = waiting.communicate(timeout=30)
        called = command.run("call", "sandbox_search_contacts", "--account", "sandbox", "--json")
        server.send_signal(signal.SIGINT)
        served, logged = server.communicate(timeout=10)
    assert waiting.returncode == 0, told
    assert called.returncode == 0, called.stdout

    everything = seen + printed + told + served + logged + added.stdout + added.stderr + called.stdout + called.stderr
    assert CLIENT_SECRET not in everything
    for prefix in ("sbx_at_", "sbx_rt_", "sbx_code_"):
        assert prefix not in everything


def _of_process(pid: int) -> str:
    folder = Path("/proc") / str(pid)
    if not folder.exists():
        return ""  # only Linux shows a process's arguments and environment as files
    return "".join((folder / name).read_bytes().decode("latin-1") for name in ("cmdline", "environ"))
