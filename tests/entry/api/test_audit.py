"""`/v1/audit`: pages and filters for a tenant's operator, and nothing of another tenant's or of what was said."""

from threading import Event

import anyio
import anyio.lowlevel
import httpx2
import pytest
from tests.fakes.audited import lines
from tests.fakes.practice import Practice

from evergrant.model.account import ConnectedAccount
from evergrant.model.audit import AuditRecord

pytestmark = pytest.mark.anyio
APPEND, SEARCH = "sandbox_append_row", "sandbox_search_contacts"


@pytest.fixture
async def account(world: Practice) -> ConnectedAccount:
    return await world.connect()


async def test_what_was_called_is_read_in_pages_newest_first(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    for number in range(5):
        world.clock.advance(1)
        asked = {"connected_account_id": "acme", "tool_name": APPEND, "tool_input": {"row": [f"said {number}"]}}
        assert (await client.post("/v1/execute", json=asked)).status_code == 200
    await lines(world)

    pages, query = list[list[str]](), {"limit": "2", "connected_account_id": "acme"}
    while True:
        page = (await client.get("/v1/audit", params=query)).json()
        pages.append([line["at"] for line in page["lines"]])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert [len(page) for page in pages] == [2, 2, 1]
    times = [at for page in pages for at in page]
    assert times == sorted(times, reverse=True)

    (first, *_) = (await client.get("/v1/audit")).json()["lines"]
    assert (first["tool_name"], first["outcome"], first["principal"]) == (APPEND, "ok", "local")
    assert (await client.get(f"/v1/audit/{first['id']}")).json() == first
    assert "said" not in (await client.get("/v1/audit")).text


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"failed": "true"}, 1),
        ({"outcome": "ok", "tool_name": SEARCH}, 1),
        ({"kind": "refresh"}, 0),
        ({"connected_account_id": "nobody"}, 0),
        ({"since": "2026-05-25T00:00:10Z"}, 0),
        ({"until": "2026-05-25T00:00:10+00:00"}, 2),
        ({"principal": "local", "connector": "sandbox"}, 2),
    ],
)
async def test_filters_narrow(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient, query: dict[str, str], number: int
) -> None:
    for given in ({}, {"limit": "many"}):
        asked = {"connected_account_id": "acme", "tool_name": SEARCH, "tool_input": given}
        await client.post("/v1/execute", json=asked)
    await lines(world)

    assert len((await client.get("/v1/audit", params=query)).json()["lines"]) == number


async def test_nobody_waits_while_somebody_looks_through_a_long_audit(
    world: Practice, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that finds nothing reads all of a tenant's lines, and there may be millions."""
    began, answered = Event(), Event()
    meanwhile: list[bool] = []

    def looks(*_: object, **__: object) -> list[AuditRecord]:
        began.set()
        meanwhile.append(answered.wait(timeout=5))
        return []

    monkeypatch.setattr(world.app.audit_log, "page", looks)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.get, "/v1/audit")
        while not began.is_set():
            await anyio.lowlevel.checkpoint()
        assert (await client.get("/v1/calls")).status_code == 200
        answered.set()

    assert meanwhile == [True]


async def test_another_tenant_and_an_agent_see_nothing(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    asked: dict[str, object] = {"connected_account_id": "acme", "tool_name": SEARCH, "tool_input": {}}
    await client.post("/v1/execute", json=asked)
    (line,) = await lines(world)
    assert world.app.audit_log.get("tnt_other", line.id) is None
    key = (await client.post("/v1/keys", json={"name": "agent"})).json()["key"]
    client.headers["Authorization"] = f"Bearer {key}"

    for path in ("/v1/audit", f"/v1/audit/{line.id}"):
        assert (await client.get(path)).status_code == 403


async def test_what_is_not_there_and_what_is_no_time_is_said(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/v1/audit/aud_nothing")).status_code == 404
    wrong = await client.get("/v1/audit", params={"since": "yesterday"})
    assert (wrong.status_code, "since" in wrong.text) == (400, True)
