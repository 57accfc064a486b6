"""A tool and an account of the tests' connector."""

from tests.oauth.samples import NOW

from evergrant.catalog.tool import Tool
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json, JsonObject

FIND: JsonObject = {
    "description": "Look things up by their name.",
    "request": "GET /things",
    "effect": "read",
    "scopes": ["read"],
    "input": {"name": {"type": "string"}},
    "example": {"name": "x"},
}


def tool(**changes: Json) -> Tool:
    return Tool.model_validate({**FIND, **changes})


def account(*, granted: tuple[str, ...] = ("read", "write"), **values: str) -> ConnectedAccount:
    return ConnectedAccount(
        id="conn_1",
        tenant_id="tnt_a",
        connection_id="client_1",
        connector="acme",
        alias="work",
        subject="1",
        label="ada@acme.example",
        state="active",
        cause=None,
        scopes_requested=("read", "write"),
        scopes_granted=granted,
        values=values,
        created_at=NOW,
    )
