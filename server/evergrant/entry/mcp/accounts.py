"""`list_accounts` and `connect_account`.

Who is for certain accounts only, or may only read, has no `connect_account` (`Principal.connects` says why): it is not
listed, and called it is an unknown tool.
"""

from typing import Annotated

from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from evergrant.catalog.catalog import UnknownConnector
from evergrant.entry.mcp import results
from evergrant.entry.mcp.meta import Input, meta_tool
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.way_back import way_back
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.outcome import InvalidInput, NotFound
from evergrant.service.connect import CannotConnect
from evergrant.service.standing import Standing

MOST_LISTED = 100


class _List(Input):
    query: Annotated[
        str | None, Field(description="Only accounts with this text in alias, service, owner or id.", min_length=1)
    ] = None


class _Connect(Input):
    connector: Annotated[str, Field(description="Name of the service, such as hubspot.")]
    alias: Annotated[str | None, Field(description="A short name for the account, such as acme.", min_length=1)] = None
    values: Annotated[
        dict[str, str] | None, Field(description="Values that this connector asks for; an error says which.")
    ] = None


async def _list(parts: Parts, who: Standing, given: _List) -> CallToolResult:
    found = who.accounts_with(given.query, MOST_LISTED)
    if not found.there:
        return _none(parts, who)
    rows = [_row(parts, account) for account in found.first]
    note = _note(len(rows), found.matching, found.there, connects=who.principal.connects)
    return results.data({"accounts": rows, **({"note": note} if note else {})}, first=note)


def _none(parts: Parts, who: Standing) -> CallToolResult:
    if not who.principal.connects:
        note = "No account is there for you. Tell the person that its operator would have to connect one."
        return results.data({"accounts": [], "note": note}, first=note)
    note = "No account is connected yet. Ask the person which service to connect, then call connect_account."
    return results.data({"accounts": [], "note": note, "connectors": list(parts.catalog.connectors())}, first=note)


def _note(shown: int, wanted: int, all_: int, *, connects: bool) -> str | None:
    if not wanted:
        more = ", or use connect_account" if connects else ""
        return f"None of the {all_} connected accounts matches. Leave query out to see them{more}."
    return f"These are {shown} of {wanted} accounts: narrow them with query." if shown < wanted else None


def _row(parts: Parts, account: ConnectedAccount) -> JsonObject:
    return {
        "id": account.id,
        "alias": account.alias,
        "connector": account.connector,
        "as": account.label,
        "state": account.state,
        **way_back(parts, account),
    }


async def _connect(parts: Parts, who: Standing, given: _Connect) -> CallToolResult:
    values = given.values or {}
    try:
        wish = parts.connect.wish(who.tenant_id, given.connector, given.alias, values)
    except UnknownConnector as error:
        return results.failed(NotFound(what_happened=str(error), what_to_do="Use one of these names."))
    except CannotConnect as error:
        again = "Put this right, or ask the person to, then call connect_account again."
        return results.failed(InvalidInput(what_happened=str(error), what_to_do=again))
    claims = parts.links.to_connect(who.tenant_id, given.connector, given.alias, values)
    link = parts.links.made(claims)
    shown = "this link and the confirmation code, both as they are: the page asks for it" if link.code else "this link"
    return results.data(
        {
            "connector": given.connector,
            "url": link.url,
            **({"confirmation_code": link.code} if link.code else {}),
            "expires_at": claims.expires_at.isoformat(),
            **({"warning": wish.warning} if wish.warning else {}),
            "what_to_do": f"Show the person {shown}; they open it and consent. Nothing is connected before that. When "
            "they say it is done, call list_accounts for the new account's id.",
        }
    )


LIST_ACCOUNTS = meta_tool(
    "list_accounts",
    "List connected accounts",
    "List the connected accounts: id, alias, service, whose it is and its state. Call this first. The id or the alias "
    "is what execute_tool and the named tools take. state reauth_required means that the person must reconnect.",
    given=_List,
    run=_list,
    hints=ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False),
)
CONNECT_ACCOUNT = meta_tool(
    "connect_account",
    "Connect an account",
    "Begin to connect an account of a service. Returns a link that the person opens to consent, and the code that its "
    "page asks for; you never see a password or token. Use it when list_accounts has no account of the service that is "
    "needed.",
    given=_Connect,
    run=_connect,
    hints=ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True),
)
