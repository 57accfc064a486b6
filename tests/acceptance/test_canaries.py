"""No token, code, verifier, client secret or key in any log, trace, error, result, event, page, file or argument."""

import asyncio
import base64
import io
import logging
import random
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio.lowlevel import checkpoint
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, Span
from tests.acceptance.hard_day import SITE, HardDay, Trap
from tests.entry.wires import over_memory
from tests.fakes.canaries import Canaries, Eavesdropper, forms, fresh_canary
from tests.fakes.clock import ManualClock
from tests.fakes.logging_state import logging_kept
from tests.fakes.practice import CLIENT_ID, REDIRECT_URI, START, STRICTEST, Practice, add_client, surroundings

from evergrant.app import App, open_app
from evergrant.cli.logs import Logs, configure, loop_failure
from evergrant.dial.guard import permitted
from evergrant.entry.jobs import job_set
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.clock import SystemClock
from evergrant.model.live import REDACTED
from evergrant.parts import mcp_parts
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer

pytestmark = pytest.mark.anyio
CALLS = 2000
WAYS_A_CALL_ENDS = {
    "result", "as an agent", "invalid_input", "not_found", "provider_error", "provider_unavailable", "rate_limited",
    "reauth_required", "connection_fault", "vault_unavailable", "token_expired",
}  # fmt: skip


@dataclass
class Traces:
    """What is told to OpenTelemetry by the MCP SDK, which stands before and behind everything an agent does."""

    told: list[str] = field(default_factory=list[str])

    @contextmanager
    def start_as_current_span(self, name: str, **more: object) -> Generator[Span]:
        self.told.append(f"{name} {more}")
        try:
            yield _Span(self.told)
        except BaseException as error:
            self.told.append(repr(error))
            raise


class _Span(NonRecordingSpan):
    def __init__(self, told: list[str]) -> None:
        super().__init__(INVALID_SPAN.get_span_context())
        self._told = told

    def set_attribute(self, key: str, value: object) -> None:
        self._told.append(f"{key}={value}")

    def set_status(self, status: object, description: str | None = None) -> None:
        self._told.append(f"{status} {description}")

    def record_exception(self, exception: BaseException, *_: Any, **__: Any) -> None:
        self._told.append(repr(exception))


class Raw(logging.Handler):
    """What libraries log, before our chain has cleared it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(logging.Formatter("%(name)s %(message)s").format(record))


async def test_no_secret_leaves_by_any_way_but_the_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, raw, traces, wire, trap = io.StringIO(), Raw(), Traces(), Eavesdropper(), Trap()
    monkeypatch.setattr("mcp.shared._otel._tracer", traces)
    clock, secret = ManualClock(START), fresh_canary("client-secret")
    client = Client(secret, (REDIRECT_URI,), ("crm.read", "crm.write"), STRICTEST)
    provider = Sandbox({CLIENT_ID: client}, clock=clock, chance=random.Random(1))
    with logging_kept(), running(provider) as url:
        logs = configure("DEBUG", stream)
        logging.getLogger().addHandler(raw)
        asyncio.get_running_loop().set_exception_handler(loop_failure(logs.log))
        world = replace(surroundings(clock, trap), transport=wire, live=logs.live)
        settings = Settings(home=tmp_path, key_source="file", allow_private_hosts=permitted(["127.0.0.1"]))
        async with open_app(settings, world) as app:
            await add_client(app, secret)
            day = await played(Practice(app, provider, clock, url), wire, trap, logs)
            ring = app.vault.key.ring
            wire.canaries.add("bearer of this vault", local_bearer(ring).reveal())
    files = {path: path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()}
    del files[tmp_path / "vault.key"]
    wire.canaries.add("key of this vault", base64.b64encode(ring.key).decode())

    places = {
        "results, failures, tracebacks, pages and events": "\n".join(day.said),
        "log": stream.getvalue(),
        "log of libraries": "\n".join(raw.told),
        "traces": "\n".join(traces.told),
        **{str(path.relative_to(tmp_path)): content for path, content in files.items()},
    }
    assert wire.canaries.found(places) == {}
    assert_it_was_hard(day, places)


async def played(practice: Practice, wire: Eavesdropper, trap: Trap, logs: Logs) -> HardDay:
    app = practice.app
    parts = replace(mcp_parts(app, logs.log), hold_s=0)
    web = web_app(app, make_server(parts, bearer_principal), dict, parts.log)
    transport = httpx2.ASGITransport(app=web)
    async with (
        over_memory(parts, Path(), "legacy") as client,
        httpx2.AsyncClient(transport=transport, base_url=SITE) as browser,
    ):
        day = HardDay(practice, wire, trap, client, browser)
        await day.play(CALLS)
        await day.unforeseen(app.accounts.all(LOCAL_TENANT)[0], lambda: ticked(app, logs))
        return day


async def ticked(app: App, logs: Logs) -> None:
    """One tick as the scheduler makes it."""
    over = asyncio.Event()

    async def tick() -> datetime | None:
        try:
            return await app.schedule.tick()
        finally:
            over.set()

    # The scheduler runs on the machine's time; told that it is half a year late, it would count every missed run.
    scheduler = job_set(tick, SystemClock(), SystemClock(), logs.log)
    scheduler.start()
    async with asyncio.timeout(60):
        await over.wait()
        for _ in range(5):
            await checkpoint()
    scheduler.shutdown(wait=False)


def assert_it_was_hard(day: HardDay, places: Mapping[str, str]) -> None:
    """Every kind of secret was there, every kind of failure was met, and every place was written to."""
    kinds = day.wire.canaries.by_kind
    assert kinds.keys() == {
        "authorization code", "code verifier", "client secret", "basic credentials", "access token", "refresh token",
        "revoked token", "bearer of this vault", "key of this vault", "webhook secret",
    }  # fmt: skip
    assert len(day.wire.canaries.all()) > 200
    assert day.came_to.total() >= CALLS
    assert day.came_to.keys() >= WAYS_A_CALL_ENDS
    assert day.rescued
    assert REDACTED in places["results, failures, tracebacks, pages and events"]
    assert places["log"].count("unforeseen failure") == 2
    assert "RuntimeError" in places["log"]
    assert len(places["traces"]) > 10_000
    assert {"vault.db", "spool"} <= places.keys()


async def test_a_secret_would_be_found_in_any_form_and_place() -> None:
    canaries, secret = Canaries(), fresh_canary("secret")
    canaries.add("client secret", secret)
    for name, form in forms(secret):
        hits = canaries.found({"nothing": "nothing here", "log": f"it was {form}, and no other"})
        assert hits.keys() == {"log"}, name
        assert name in str(hits)
    for offset in ("a:", "ab:", "abc:"):
        assert canaries.found({"log": base64.b64encode(f"{offset}{secret}!".encode()).decode()})
