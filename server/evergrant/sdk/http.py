"""Requests to the server: what is answered, what is raised, and what is asked again."""

import json
import random
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx2

from evergrant.model.clock import Clock
from evergrant.model.json import Json, JsonObject, at, text_at
from evergrant.sdk.errors import EvergrantError, InvalidInput, OutcomeUnknown, ServerUnreachable, error_of
from evergrant.sdk.reading import objects

NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
"""Failures before the first byte of the request left."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
"""A provider that wants a longer pause than this is the caller's to wait for."""
UNDER_WAY = "request_under_way"
UNDER_WAY_PAUSE_S = 1.0


class AnswerLost(OutcomeUnknown):
    """Nobody has said what became of the request, as against a server that says it cannot know."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; `repeatable` where it does no harm to make it twice, whatever became of the first."""

    method: str
    path: str
    query: Mapping[str, str | int] | None = None
    body: JsonObject | None = None
    repeatable: bool = False
    key: str | None = None
    """Under which the server does it once, however often it is asked (`Idempotency-Key`)."""
    longer_s: float = 0.0
    """How much longer than usual the answer may take."""


@dataclass(frozen=True, slots=True)
class Http:
    """Asks the server, and again where that can do no harm."""

    client: httpx2.AsyncClient
    clock: Clock
    dice: random.Random
    retries: int
    timeout_s: float

    def new_key(self) -> str:
        """A key that no other request has."""
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    async def ask(self, ask: Ask) -> Mapping[str, Json]:
        """The answer; raises EvergrantError.

        Asked again, up to `retries` times, is what was never sent, what the server calls retryable, and a request whose
        answer was lost where it is repeatable or has a key. While the server is still at the first request under that
        key, it is asked for as long as an answer may take.
        """
        end = self.clock.monotonic() + self.timeout_s + ask.longer_s
        attempt = 0
        while True:
            try:
                return await self._once(ask)
            except EvergrantError as error:
                under_way = error.code == UNDER_WAY and self.clock.monotonic() < end
                pause = UNDER_WAY_PAUSE_S if under_way else self._pause(ask, error, attempt)
                if pause is None:
                    raise
            attempt += not under_way
            await self.clock.sleep(pause)

    async def pages(self, path: str, query: Mapping[str, str | int], name: str) -> AsyncIterator[JsonObject]:
        """The objects of a list to its end, whatever the size of its pages; raises EvergrantError."""
        cursor: Mapping[str, str] | None = {}
        while cursor is not None:
            page = await self.ask(Ask("GET", path, {**query, **cursor}, repeatable=True))
            following = text_at(page, "/next_cursor")
            for each in objects(page.get(name)):
                yield each
            cursor = {"cursor": following} if following else None

    def _pause(self, ask: Ask, error: EvergrantError, attempt: int) -> float | None:
        """Seconds until the same may be asked again; None where it may not."""
        harmless = (ask.repeatable or ask.key) and isinstance(error, AnswerLost)
        if attempt >= self.retries or not (error.retryable or harmless):
            return None
        wanted = at(error.said, "/retry_after_s")
        if isinstance(wanted, int | float) and wanted > LONGEST_PAUSE_S:
            return None
        usual = self.dice.uniform(0.5, 1.0) * FIRST_PAUSE_S * float(1 << attempt)
        return max(usual, wanted) if isinstance(wanted, int | float) else usual

    async def _once(self, ask: Ask) -> Mapping[str, Json]:
        content, headers = _content(ask.body)
        try:
            response = await self.client.request(
                ask.method,
                ask.path,
                params=ask.query,
                content=content,
                headers={**headers, **({"Idempotency-Key": ask.key} if ask.key else {})},
                timeout=httpx2.Timeout(self.timeout_s + ask.longer_s, connect=5.0),
            )
        except NOT_SENT as error:
            raise _unreachable(self.client.base_url, error) from None
        except httpx2.HTTPError as error:
            raise _lost(type(error).__name__) from None
        return _read(response)


def _content(body: JsonObject | None) -> tuple[bytes | None, Mapping[str, str]]:
    """The body with the headers that tell of it; raises InvalidInput for what JSON (RFC 8259) has no form for."""
    if body is None:
        return None, {}
    try:
        text = json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        return text.encode(), {"Content-Type": "application/json"}
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            {
                "code": InvalidInput.CODE,
                "retryable": False,
                "what_happened": f"The input cannot be written as JSON ({error}); nothing was sent.",
                "what_to_do": "Give text, numbers that are finite, lists and objects, and call again.",
            }
        ) from None


def _read(response: httpx2.Response) -> Mapping[str, Json]:
    try:
        body: Json = response.json()
    except ValueError:
        body = None
    if response.is_success and isinstance(body, Mapping):
        return body
    if isinstance(body, Mapping) and text_at(body, "/code"):
        raise error_of(_failure(body))
    raise _lost(f"HTTP {response.status_code} of something that is not Evergrant")


def _failure(problem: JsonObject) -> JsonObject:
    """The failure that a problem document (RFC 9457) tells of."""
    said = {name: value for name, value in problem.items() if name not in ("type", "status", "title", "detail")}
    return {**said, "what_happened": problem.get("title"), "what_to_do": problem.get("detail")}


def _unreachable(url: httpx2.URL, error: Exception) -> ServerUnreachable:
    return ServerUnreachable(
        {
            "code": ServerUnreachable.CODE,
            "retryable": True,
            "what_happened": f"There is no server at {url} ({type(error).__name__}); nothing was sent.",
            "what_to_do": "Start it with `evergrant serve`, or set EVERGRANT_URL to where it is.",
        }
    )


def _lost(why: str) -> AnswerLost:
    return AnswerLost(
        {
            "code": OutcomeUnknown.CODE,
            "retryable": False,
            "what_happened": f"The request was sent and its answer did not arrive ({why}).",
            "what_to_do": "A write may have been carried out: look at the provider before you make it again.",
        }
    )
