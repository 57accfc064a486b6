"""Calls and renewals with marked tokens and inputs: none of them is in the audit, its exports, the counters, a span."""

import io
import json
import random
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from tests.entry.wires import over_memory
from tests.fakes.audited import lines
from tests.fakes.canaries import Eavesdropper, fresh_canary
from tests.fakes.clock import ManualClock
from tests.fakes.logging_state import logging_kept
from tests.fakes.practice import CLIENT_ID, REDIRECT_URI, START, STRICTEST, Practice, add_client, surroundings
from tests.fakes.spans import collected

from evergrant.app import open_app
from evergrant.cli.audit import write_csv, write_jsonl
from evergrant.cli.logs import Logs, configure
from evergrant.dial.guard import permitted
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.audit import AuditRecord, InputPolicy
from evergrant.model.failpoint import nothing
from evergrant.parts import mcp_parts
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.run import running
from evergrant.settings import Settings
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer

pytestmark = pytest.mark.anyio
SEARCH, APPEND = "sandbox_search_contacts", "sandbox_append_row"


@pytest.mark.parametrize("policy", ["none", "sealed"])
async def test_nothing_that_was_said_or_borne_is_in_what_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: InputPolicy
) -> None:
    clock, secret, wire, log = ManualClock(START), fresh_canary("client-secret"), Eavesdropper(), io.StringIO()
    client = Client(secret, (REDIRECT_URI,), ("crm.read", "crm.write"), STRICTEST)
    provider = Sandbox({CLIENT_ID: client}, clock=clock, chance=random.Random(1))
    said = [fresh_canary("said") for _ in range(4)]
    with logging_kept(), running(provider) as url, collected(monkeypatch) as spans:
        logs = configure("DEBUG", log)
        world = replace(surroundings(clock, nothing), transport=wire, live=logs.live)
        settings = Settings(
            home=tmp_path, key_source="file", allow_private_hosts=permitted(["127.0.0.1"]), audit_inputs=policy
        )
        async with open_app(settings, world) as app:
            await add_client(app, secret)
            practice = Practice(app, provider, clock, url)
            counted = await played(practice, wire, said, logs)
            noted = await lines(practice)
            wire.canaries.add("bearer of this vault", local_bearer(app.vault.key.ring).reveal())
    for text in said:
        wire.canaries.add("input", text)

    places = {
        "lines": "\n".join(json.dumps(line.as_json()) + repr(line) for line in noted),
        "jsonl and csv": exported(noted),
        "metrics": counted,
        "spans": "\n".join(told(span) for span in spans.get_finished_spans()),
        "log": log.getvalue(),
        "database": (tmp_path / "vault.db").read_bytes().decode("latin-1"),
    }
    assert wire.canaries.found(places) == {}
    assert {"ok", "provider_error", "reauth_required", "not_found", "stored", "terminal"} <= {
        line.outcome for line in noted
    }
    assert wire.canaries.by_kind.keys() >= {"access token", "refresh token", "client secret", "input"}
    assert all(len(text) > 500 for place, text in places.items() if place != "log")


async def played(practice: Practice, wire: Eavesdropper, said: Sequence[str], logs: Logs) -> str:
    """Good calls and bad ones in both eras, renewals that succeed and that fail; returns what a monitor reads."""
    app = practice.app
    parts = replace(mcp_parts(app, logs.log), hold_s=0)
    web = web_app(app, make_server(parts, bearer_principal), dict, logs.log)
    account = await practice.connect()
    for era in ("legacy", "2026-07-28"):
        async with over_memory(parts, Path(), era) as client:
            practice.clock.advance(1801)
            await client.call_tool(SEARCH, {"query": said[0]})
            await client.call_tool("execute_tool", executed(account, APPEND, {"row": [said[1]]}))
            await client.call_tool("execute_tool", executed(account, f"sandbox_{said[2]}", {said[3]: 1}))
            wire.repeats = 400
            await client.call_tool(SEARCH, {"query": said[0]})
            wire.repeats = None
    practice.sandbox.revoke()
    practice.clock.advance(1801)
    await app.held_calls.execute(account.key, APPEND, {"row": [said[1]]}, asked_by="local")
    bearer = {"Authorization": f"Bearer {local_bearer(app.vault.key.ring).reveal()}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(web), base_url="http://localhost") as http:
        return (await http.get("/metrics", headers=bearer)).text + (await http.get("/v1/audit", headers=bearer)).text


def executed(account: ConnectedAccount, tool: str, given: dict[str, object]) -> dict[str, object]:
    return {"connected_account_id": account.id, "tool_name": tool, "tool_input": given}


def exported(noted: Sequence[AuditRecord]) -> str:
    with redirect_stdout(io.StringIO()) as out:
        write_jsonl(iter(noted))
        write_csv(iter(noted))
    return out.getvalue()


def told(span: ReadableSpan) -> str:
    events = [(event.name, dict(event.attributes or {})) for event in span.events]
    return f"{span.name} {dict(span.attributes or {})} {span.status.description} {events}"
