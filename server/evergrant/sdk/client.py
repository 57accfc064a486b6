"""The async client: tools of connected accounts, calls that waited, links, events."""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx2

from evergrant.model.clock import Clock, SystemClock
from evergrant.model.json import JsonObject
from evergrant.model.secret import Secret
from evergrant.sdk.accounts import Account, FoundTool, account_of, tools_found
from evergrant.sdk.connection import connected
from evergrant.sdk.errors import NotFound, PersonNeeded
from evergrant.sdk.events import ReceivedEvent, read_events
from evergrant.sdk.formats import ToolFormat, formatted
from evergrant.sdk.http import Ask, Http
from evergrant.sdk.kept import KeptCall, kept_of
from evergrant.sdk.links import ConnectLink, link_of
from evergrant.sdk.result import ToolResult, result_of
from evergrant.sdk.settings import ClientSettings

TIMEOUT_S = 150.0
"""Longer than the server's own limits, so that it is the server that says what became of a call."""
LONGEST_WAIT_S = 45.0
"""What the server waits in one request."""
LOOK_EVERY_S = 1.0


class Evergrant:
    """Asks one server, as the bearer of one token.

    `url` and `token` default to EVERGRANT_URL (the local server) and EVERGRANT_TOKEN (what `evergrant token` prints).
    Every method raises EvergrantError, by the classes of `evergrant.sdk.errors`; Unauthorized already where there is
    no token. Use it in `async with`, or call `aclose`.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | Secret | None = None,
        *,
        retries: int = 2,
        timeout_s: float = TIMEOUT_S,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        dice: random.Random | None = None,
    ) -> None:
        settings = ClientSettings()
        self._clock = clock or SystemClock()
        bearer = Secret(token) if isinstance(token, str) else token or settings.token
        client = connected(url or settings.url, bearer, transport)
        self._http = Http(client, self._clock, dice or random.SystemRandom(), retries, timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.client.aclose()

    async def get_tools(
        self,
        *,
        connected_account_id: str,
        toolset: str | None = None,
        tool_names: Sequence[str] = (),
        format: ToolFormat = "mcp",  # noqa: A002  (the name that the vendors' clients give it)
    ) -> Sequence[JsonObject]:
        """The tools that an account has, all of them, as the API that `format` names wants to be told of them.

        `toolset` narrows them: the connector's name (its core tools), `read` (those of them that change nothing), one
        of the operator's own toolsets, or `all`, the default. `tool_names` narrows them to these. Raises NotFound for a
        toolset or a name that there is not; it says which there are.
        """
        wanted = {"toolset": toolset or "", "names": ",".join(tool_names)}
        query = {name: value for name, value in wanted.items() if value}
        found = self._http.pages("/v1/tools", {"connected_account_id": connected_account_id, **query}, "tools")
        return formatted([tool async for tool in found], format)

    async def search_tools(self, query: str, *, connector: str | None = None, limit: int = 10) -> list[FoundTool]:
        """The tools that words find, the best first, of every connector or of one, connected or not."""
        given: dict[str, str | int] = {
            "query": query,
            "limit": limit,
            **({"connector": connector} if connector else {}),
        }
        return tools_found(await self._http.ask(Ask("GET", "/v1/tools/search", given, repeatable=True)))

    async def execute_tool(
        self, *, connected_account_id: str, tool_name: str, tool_input: JsonObject, idempotency_key: str | None = None
    ) -> ToolResult:
        """Call a tool as a connected account, by its id or alias. An empty result says so in its `note`.

        A call whose answer was lost is asked for again under the same key, and is made once: one key for each call,
        or yours, which then holds for 24 hours and also for a later process.
        """
        body: JsonObject = {
            "connected_account_id": connected_account_id,
            "tool_name": tool_name,
            "tool_input": tool_input,
        }
        key = idempotency_key or self._http.new_key()
        return result_of(await self._http.ask(Ask("POST", "/v1/execute", body=body, key=key)))

    async def resume_call(self, call_id: str, *, wait_s: float = 0.0) -> ToolResult:
        """Make a call that was kept for its person, once; if it was made before, what it came to then.

        Waits up to `wait_s` seconds for the person. Raises ReauthRequired while the grant is dead, ConfirmationRequired
        while nobody has approved the call, CallCancelled where that was refused.
        """
        end = self._clock.monotonic() + wait_s
        while True:
            left = max(end - self._clock.monotonic(), 0.0)
            try:
                return await self._resumed(call_id, min(left, LONGEST_WAIT_S))
            except PersonNeeded:
                if left <= LONGEST_WAIT_S:
                    raise

    async def _resumed(self, call_id: str, wait_s: float) -> ToolResult:
        ask = Ask("POST", f"{_call(call_id)}/resume", body={"wait": wait_s}, repeatable=True, longer_s=wait_s)
        return result_of(await self._http.ask(ask))

    async def list_calls(self, *, connected_account_id: str | None = None, ended: bool = False) -> list[KeptCall]:
        """The calls that wait for their person, of one account or of all; with `ended`, also those that have waited."""
        given = {"account": connected_account_id, "all": "true" if ended else None}
        query = {name: value for name, value in given.items() if value}
        return [kept_of(each) async for each in self._http.pages("/v1/calls", query, "calls")]

    async def get_call(self, call_id: str) -> KeptCall:
        """How one of them stands."""
        return kept_of(await self._http.ask(Ask("GET", _call(call_id), repeatable=True)))

    async def cancel_call(self, call_id: str) -> None:
        """Give up a call that still waits: it is never made then. Raises CallCancelled and others where it does not."""
        await self._http.ask(Ask("DELETE", _call(call_id)))

    async def list_accounts(self, *, connector: str | None = None, state: str | None = None) -> list[Account]:
        """The connected accounts, the oldest first: of one connector, or in one state, where that is asked for."""
        query = {name: value for name, value in {"connector": connector, "state": state}.items() if value}
        return [account_of(each) async for each in self._http.pages("/v1/accounts", query, "accounts")]

    async def get_account(self, connected_account_id: str) -> Account:
        """How an account stands, by its id or alias; raises NotFound."""
        path = f"/v1/accounts/{quote(connected_account_id, safe='')}"
        return account_of(await self._http.ask(Ask("GET", path, repeatable=True)))

    async def wait_for_account(self, connected_account_id: str, *, wait_s: float = 600.0) -> Account:
        """The account, by its id or alias, as soon as it is connected and its grant lives: after a link was sent.

        Looks every second; raises TimeoutError after `wait_s` seconds.
        """
        end = self._clock.monotonic() + wait_s
        while True:
            with suppress(NotFound):
                account = await self.get_account(connected_account_id)
                if account.state == "active":
                    return account
            if self._clock.monotonic() >= end:
                raise TimeoutError(f"Account {connected_account_id} was not connected within {wait_s:g} seconds.")
            await self._clock.sleep(LOOK_EVERY_S)

    async def connect_link(
        self,
        *,
        connector: str,
        alias: str | None = None,
        values: Mapping[str, str] | None = None,
        scopes: Sequence[str] = (),
    ) -> ConnectLink:
        """A link at which a person connects a new account, which then has this alias; nothing is stored for it.

        `values` are what the connector asks for, such as a subdomain; without `scopes` they are the connector's own.
        """
        body: JsonObject = {"connector": connector, "alias": alias, "values": values or {}, "scopes": list(scopes)}
        return await self._link(body)

    async def reconnect_link(self, *, connected_account_id: str, scopes: Sequence[str] = ()) -> ConnectLink:
        """A link at which the person of an account, by its id, consents again, to the scopes of last time or others."""
        return await self._link({"connected_account_id": connected_account_id, "scopes": list(scopes)})

    async def _link(self, body: JsonObject) -> ConnectLink:
        return link_of(await self._http.ask(Ask("POST", "/v1/links", body=body, repeatable=True)))

    def events(self, *, after: int = 0, follow: bool = False) -> AsyncIterator[ReceivedEvent]:
        """The events after one place (`seq`) in their order, oldest first; with `follow`, those to come as well."""
        return read_events(self._http, after, endless=follow)


def _call(call_id: str) -> str:
    return f"/v1/calls/{quote(call_id, safe='')}"
