"""Resources: how each account stands, and the results that are kept."""

import json
import re
from collections.abc import Callable

from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from evergrant.entry.mcp import envelope, results
from evergrant.entry.mcp.account_status import status_of
from evergrant.entry.mcp.client import Context, is_modern
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.result_link import MIME, RESULTS
from evergrant.entry.mcp.wall import Wall
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Failure, VaultUnavailable
from evergrant.model.principal import Principal
from evergrant.service.standing import Standing
from evergrant.vault.account_lists import Wanted

PAGE = 100
FRESH_MS = 60_000
"""How long a client may keep a list of resources."""
ACCOUNTS = "evergrant://accounts/"
NOT_FOUND_UNTIL_2026 = -32002
"""What the handshake era says of a resource that is not there; since then it is a wrong parameter."""
ACCOUNT_ID = re.compile(r"conn_\w+")
LARGEST = 900_000
"""Bytes of a resource on the wire: the SDK's client refuses an event of more than 1 MiB."""
TEMPLATES = (
    ResourceTemplate(
        name="account",
        title="A connected account",
        uri_template=f"{ACCOUNTS}{{id}}",
        description="How an account stands: its state, its clocks, its last error, and what to do.",
        mime_type=MIME,
    ),
    ResourceTemplate(
        name="result",
        title="A large result",
        uri_template=f"{RESULTS}{{id}}",
        description="A result that came truncated, whole or as much of it as a message may hold; kept for an hour.",
        mime_type=MIME,
    ),
)


class Resources:
    """Answers about resources, each behind the wall; what is unknown and what is another's look alike."""

    def __init__(self, parts: Parts, principal_of: Callable[[], Principal]) -> None:
        self._parts = parts
        self._principal_of = principal_of

    async def listed(self, _: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        """The accounts that are there for the caller, by id; results are no part of a list."""
        with Wall(self._parts.log, "resources/list") as wall:
            who, cursor = self._who().principal, params.cursor if params else None
            after = _checked(cursor) if cursor else None
            found = self._parts.desk.lists.page(who.tenant_id, Wanted(ids=who.accounts), after, PAGE + 1)
            shown, more = found[:PAGE], len(found) > PAGE
            return ListResourcesResult(
                resources=[_resource(account) for account in shown],
                next_cursor=shown[-1].id if more else None,
                ttl_ms=FRESH_MS,
                cache_scope="private",
            )
        raise wall.error()

    async def templates(self, _: Context, _params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        """The two forms of addresses."""
        return ListResourceTemplatesResult(resource_templates=[*TEMPLATES], ttl_ms=FRESH_MS, cache_scope="private")

    async def read(self, context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """An account's standing or a kept result, as JSON."""
        with Wall(self._parts.log, "resources/read") as wall:
            found = self._found(str(params.uri))
            if found is None:
                raise _not_found(context, str(params.uri))
            text, _ = results.as_text(found)
            contents = TextResourceContents(uri=params.uri, mime_type=MIME, text=text)
            return ReadResourceResult(contents=[contents], ttl_ms=0, cache_scope="private")
        raise wall.error()

    def _found(self, uri: str) -> JsonObject | None:
        who = self._who()
        if uri.startswith(ACCOUNTS):
            account = who.account(uri.removeprefix(ACCOUNTS))
            return status_of(self._parts, account) if account and account.id == uri.removeprefix(ACCOUNTS) else None
        if uri.startswith(RESULTS):
            return self._result(who, uri.removeprefix(RESULTS))
        return None

    def _result(self, who: Standing, result_id: str) -> JsonObject | None:
        """The whole of a kept result; its first page where that is too large for one message."""
        kept = self._parts.pages.find(who, result_id)
        if isinstance(kept, Failure):
            return kept.as_json() if isinstance(kept, VaultUnavailable) else None
        whole = envelope.whole(kept.result, kept.result.content, declared=True)
        if len(json.dumps(results.as_text(whole)[0])) <= LARGEST:
            return whole
        page = self._parts.pages.page(who, result_id, None)
        return page.as_json() if isinstance(page, Failure) else envelope.part(page, declared=True)

    def _who(self) -> Standing:
        return self._parts.standing(self._principal_of())


def _resource(account: ConnectedAccount) -> Resource:
    return Resource(
        name=account.alias,
        title=f"{account.connector}: {account.alias}",
        uri=f"{ACCOUNTS}{account.id}",
        description=f"How {account.label}'s account of {account.connector} stands.",
        mime_type=MIME,
    )


def _checked(cursor: str) -> str:
    if not ACCOUNT_ID.fullmatch(cursor):
        raise MCPError(INVALID_PARAMS, "Invalid cursor. List from the beginning again.")
    return cursor


def _not_found(context: Context, uri: str) -> MCPError:
    code = INVALID_PARAMS if is_modern(context) else NOT_FOUND_UNTIL_2026
    return MCPError(code, "Resource not found: there is none at this address, or not any more.", {"uri": uri})
