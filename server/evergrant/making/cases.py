"""Examples of the tools that were made: what each sends, and what it makes of an answer with nothing in it."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import httpx2

from evergrant.calls.answer import read
from evergrant.calls.request import build_request
from evergrant.catalog.account_source import FromUser
from evergrant.catalog.connector import Connector
from evergrant.catalog.tool import Tool
from evergrant.making.importing import Imported
from evergrant.making.yaml_text import Writer
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json
from evergrant.model.outcome import Result

TOKEN_ERRORS: Json = [
    {"answer": {"status": 400, "json": {"error": "invalid_grant"}}, "class": "terminal"},
    {"answer": {"status": 401, "json": {"error": "invalid_client"}}, "class": "config"},
]


def example_lines(found: Imported) -> Iterator[str]:
    """The lines of the file."""
    yield "# What each tool sends, and what it makes of an answer. Put the service's own answers in place of these."
    connector = found.declared
    values = {name: _sample(value) for name, value in connector.account.items()}
    for each in found.tools:
        yield ""
        yield from Writer().mapping({each.name: [_case(connector, each.tool, values)]})
    if connector.auth is None and "errors" in found.connector.keys:
        yield ""
        yield from Writer().mapping({"errors": {"token": TOKEN_ERRORS}})


def _sample(value: object) -> str:
    return (value.default if isinstance(value, FromUser) else None) or "x"


def _case(connector: Connector, tool: Tool, values: Mapping[str, str]) -> dict[str, Json]:
    request = build_request(connector, tool, tool.example, values)
    sent: dict[str, Json] = {
        "method": request.method,
        "url": str(request.url),
        **_body(request, tool.encoding or connector.encoding),
    }
    answer: dict[str, Json] = {"status": 204} if tool.answer == "none" else {"status": 200, **_content(tool)}
    outcome = _outcome(connector, tool, values, answer)
    account: dict[str, Json] = {"account": dict(values)} if values else {}
    return {**account, "request": sent, "answer": answer, "outcome": outcome}


def _body(request: httpx2.Request, encoding: str) -> dict[str, Json]:
    """What a comparison can be made with; a body of several parts has a boundary that is new each time."""
    if encoding == "form" and request.content:
        return {"form": dict(parse_qsl(request.content.decode()))}
    if encoding == "json" and request.content:
        return {"json": json.loads(request.content)}
    return {"contains": [""]} if request.content else {}


def _content(tool: Tool) -> dict[str, Json]:
    return {"json": [] if tool.items == "" else {}} if tool.answer == "json" else {"text": ""}


def _outcome(
    connector: Connector, tool: Tool, values: Mapping[str, str], answer: Mapping[str, Json]
) -> dict[str, Json]:
    content = json.dumps(answer["json"]).encode() if "json" in answer else b""
    status = answer["status"]
    response = httpx2.Response(status if isinstance(status, int) else 200, content=content)
    found = read(connector, tool, _account(values), response, content)
    if not isinstance(found, Result):
        return {"code": found.code}
    return {"code": "result", "empty": found.empty, "data": found.content}


def _account(values: Mapping[str, str]) -> ConnectedAccount:
    return ConnectedAccount(
        id="conn_1",
        tenant_id="tnt_1",
        connection_id="client_1",
        connector="mine",
        alias="work",
        subject="1",
        label="me",
        state="active",
        cause=None,
        scopes_requested=(),
        scopes_granted=(),
        values=dict(values),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
