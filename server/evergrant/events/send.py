"""One attempt to deliver: a POST, and what the receiver made of it. Its answer's words are not kept."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import httpx2

from evergrant.dial.guard import AddressRefused, Guard
from evergrant.events.message import Message
from evergrant.events.target import BadTarget, check_target
from evergrant.model.secret import Secret
from evergrant.wire import retry_after

DEADLINE_S = 15.0
READ_AT_MOST, READ_S = 16 << 10, 1.0
"""Bytes and seconds of an answer's body, so that the connection can serve again; the rest is not waited for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of an attempt."""

    ok: bool
    error: str = ""
    """A fixed word or a status; never the receiver's own text."""
    retry_after_s: float | None = None
    gone: bool = False
    """The receiver wants no more (410)."""


@dataclass(frozen=True, slots=True)
class Post:
    """Sends messages to receivers; no redirect is followed, nothing is sent twice."""

    http: httpx2.AsyncClient
    guard: Guard
    deadline_s: float = DEADLINE_S

    async def send(self, url: str, message: Message, keys: Sequence[Secret], now: datetime) -> Reply:
        """Only a 2xx is a success (Standard Webhooks)."""
        try:
            async with asyncio.timeout(self.deadline_s):
                await check_target(url, self.guard)
                return await self._send(url, message, keys, now)
        except (BadTarget, AddressRefused):
            return Reply(False, "address_refused")
        except TimeoutError:
            return Reply(False, "timeout")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return Reply(False, f"no_answer ({type(error).__name__})")

    async def _send(self, url: str, message: Message, keys: Sequence[Secret], now: datetime) -> Reply:
        request = self.http.build_request(
            "POST", url, content=message.body.encode(), headers=message.headers(keys, now)
        )
        response = await self.http.send(request, stream=True)
        try:
            with suppress(httpx2.HTTPError, TimeoutError):  # the status is the answer
                async with asyncio.timeout(READ_S):
                    await _read_a_little(response)
        finally:
            await response.aclose()
        if response.is_success:
            return Reply(True)
        return Reply(False, f"http_{response.status_code}", retry_after(response), response.status_code == 410)


async def _read_a_little(response: httpx2.Response) -> None:
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > READ_AT_MOST:
            return
