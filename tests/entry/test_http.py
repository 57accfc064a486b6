"""Over HTTP every caller bears a token, and sees what is its tenant's."""

from pathlib import Path

import httpx2
import pytest
from mcp.types import LATEST_PROTOCOL_VERSION
from tests.entry.reading import said
from tests.entry.wires import ERAS, http_server, over_http

from evergrant.entry.mcp.http import NoPrincipal, bearer_principal
from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount

pytestmark = pytest.mark.anyio

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ACCEPT = {"Accept": "application/json, text/event-stream"}
MINE = {"Authorization": "Bearer the local token"}


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic dGhlOnRva2Vu"}])
async def test_without_a_good_token_the_answer_is_401_and_says_what_is_wanted(
    parts: Parts, sent: dict[str, str]
) -> None:
    async with http_server(parts) as url, httpx2.AsyncClient() as http:
        answer = await http.post(f"{url}/mcp", json=PING, headers={**ACCEPT, **sent})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("name", "value", "status"), [("Host", "evil.example", 421), ("Origin", "http://evil.example", 403)]
)
@pytest.mark.parametrize("version", [{}, {"MCP-Protocol-Version": LATEST_PROTOCOL_VERSION}])
async def test_a_page_of_a_stranger_gets_no_further(
    parts: Parts, name: str, value: str, status: int, version: dict[str, str]
) -> None:
    async with http_server(parts) as url, httpx2.AsyncClient() as http:
        answer = await http.post(f"{url}/mcp", json=PING, headers={**ACCEPT, **MINE, **version, name: value})

    assert answer.status_code == status


@pytest.mark.parametrize("era", ERAS)
async def test_the_token_decides_whose_accounts_there_are(
    parts: Parts, account: ConnectedAccount, foreign: ConnectedAccount, tmp_path: Path, era: str
) -> None:
    async with over_http(parts, tmp_path, era, "a stranger's token") as client:
        theirs = await client.call_tool("list_accounts", {})
        mine = await client.call_tool("sandbox_search_contacts", {"account": account.id})
    async with over_http(parts, tmp_path, era) as client:
        ours = await client.call_tool("list_accounts", {})

    assert [row["id"] for row in theirs.structured_content["accounts"]] == [foreign.id]
    assert [row["id"] for row in ours.structured_content["accounts"]] == [account.id]
    assert mine.is_error
    assert account.id not in said(mine)


async def test_a_session_of_another_tenant_is_answered_as_unknown(parts: Parts) -> None:
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
    }
    theirs = {"Authorization": "Bearer a stranger's token"}
    async with http_server(parts) as url, httpx2.AsyncClient(headers=ACCEPT) as http:
        opened = await http.post(f"{url}/mcp", json=initialize, headers=MINE)
        session = {"Mcp-Session-Id": opened.headers["Mcp-Session-Id"]}
        mine = await http.post(f"{url}/mcp", json=PING, headers={**MINE, **session})
        stolen = await http.post(f"{url}/mcp", json=PING, headers={**theirs, **session})
        unknown = await http.post(f"{url}/mcp", json=PING, headers={**theirs, "Mcp-Session-Id": "0" * 32})

    assert mine.status_code == 200
    assert stolen.status_code == unknown.status_code == 404
    assert stolen.json() == unknown.json()


async def test_outside_a_request_there_is_no_tenant() -> None:
    with pytest.raises(NoPrincipal):
        bearer_principal()
