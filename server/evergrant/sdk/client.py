"""The async client: tools of connected accounts, calls that waited, events."""

import random
import ssl
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx2

from evergrant.model.clock import Clock, SystemClock
from evergrant.model.json import JsonObject, at
from evergrant.model.outcome import Result
from evergrant.model.secret import Secret
from evergrant.sdk.errors import ReauthRequired, Unauthorized
from evergrant.sdk.events import ReceivedEvent, read_events
from evergrant.sdk.formats import ToolFormat, formatted
from evergrant.sdk.http import Ask, Http
from evergrant.sdk.result import result_of
from evergrant.sdk.settings import ClientSettings

TIMEOUT_S = 150.0
"""Longer than the server's own limits, so that it is the server that says what became of a call."""
LONGEST_WAIT_S = 45.0
"""What the server waits in one request."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


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
        client = _client(url or settings.url, _checked(bearer), transport)
        self._http = Http(client, self._clock, dice or random.SystemRandom(), retries, timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.client.aclose()

    async def execute_tool(self, *, connected_account_id: str, tool_name: str, tool_input: JsonObject) -> Result:
        """Call a tool as a connected account, by its id or alias. An empty result says so in its `note`."""
        body: JsonObject = {
            "connected_account_id": connected_account_id,
            "tool_name": tool_name,
            "tool_input": tool_input,
        }
        return result_of(await self._http.ask(Ask("POST", "/v1/execute", body=body)))

    async def resume_call(self, call_id: str, *, wait_s: float = 0.0) -> Result:
        """Make a call that was kept for its person, once; if it was made before, what it came to then.

        Waits up to `wait_s` seconds for the person. Raises ReauthRequired while the grant is dead.
        """
        end = self._clock.monotonic() + wait_s
        while True:
            left = max(end - self._clock.monotonic(), 0.0)
            try:
                return await self._resumed(call_id, min(left, LONGEST_WAIT_S))
            except ReauthRequired:
                if left <= LONGEST_WAIT_S:
                    raise

    async def _resumed(self, call_id: str, wait_s: float) -> Result:
        path = f"/v1/calls/{quote(call_id, safe='')}/resume"
        ask = Ask("POST", path, body={"wait": wait_s}, repeatable=True, longer_s=wait_s)
        return result_of(await self._http.ask(ask))

    def events(self, *, after: int = 0, follow: bool = False) -> AsyncIterator[ReceivedEvent]:
        """The events after one place (`seq`) in their order, oldest first; with `follow`, those to come as well."""
        return read_events(self._http, after, endless=follow)

    async def get_tools(self, *, connected_account_id: str, format: ToolFormat = "mcp") -> Sequence[JsonObject]:  # noqa: A002
        """The tools that an account has, as the API that is named wants to be told of them."""
        ask = Ask("GET", "/v1/tools", {"connected_account_id": connected_account_id}, repeatable=True)
        tools = at(await self._http.ask(ask), "/tools")
        return formatted(tools if isinstance(tools, Sequence) else (), format)


def _client(url: str, token: Secret, transport: httpx2.AsyncBaseTransport | None) -> httpx2.AsyncClient:
    base = httpx2.URL(url.rstrip("/"))
    is_local = base.host in LOOPBACK
    return httpx2.AsyncClient(
        base_url=base,
        headers={"Authorization": f"Bearer {token.reveal()}"},
        transport=transport,
        follow_redirects=False,
        trust_env=not is_local,  # a proxy has no business with a token for this machine
        # Reading the machine's certificates would take longer than most calls.
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if base.scheme == "http" else True,
    )


def _checked(token: Secret | None) -> Secret:
    if token is None:
        raise Unauthorized(
            {
                "code": Unauthorized.CODE,
                "what_happened": "There is no token to ask the server with.",
                "what_to_do": "Set EVERGRANT_TOKEN to what `evergrant token` prints.",
            }
        )
    return token
