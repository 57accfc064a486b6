"""The sandbox, with a way to ask what it would do with a refresh token."""

import asyncio
import random
from collections.abc import Mapping

import httpx2

from evergrant.model.clock import Clock
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.family import Cause, RefreshToken


class Provider(Sandbox):
    """A sandbox that answers in no time, and can be looked into without being changed."""

    def __init__(self, clients: Mapping[str, Client], clock: Clock) -> None:
        super().__init__(clients, clock=clock, chance=random.Random(1), auto_approve=True)
        self._asgi = httpx2.ASGITransport(self.app)
        self._loop = asyncio.new_event_loop()

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """What it answers now."""
        return self._loop.run_until_complete(self._answer(request))

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._asgi.handle_async_request(request)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

    def takes(self, refresh_token: str) -> bool:
        """Whether it would exchange this token now."""
        token = self._grants.refresh_token(refresh_token)
        return token is not None and token.grant.dead is None and not self._is_spent(token)

    def last_issued(self, presented: str) -> tuple[str, str]:
        """The access token that the latest exchange of this refresh token brought, and the refresh token to use next.

        Raises KeyError where it is unknown.
        """
        token = self._grants.refresh_token(presented)
        if token is None:
            raise KeyError("No such refresh token was issued.")
        return token.grant.access_tokens[-1].text, (token.successor or token).text

    def ended_by(self, refresh_token: str) -> Cause | None:
        """What ended the grant of this token; None where it lives."""
        token = self._grants.refresh_token(refresh_token)
        return token.grant.dead if token else None

    def is_only_late(self, refresh_token: str) -> bool:
        """Whether nothing but the end of its grace is why this token is not taken any more."""
        token = self._grants.refresh_token(refresh_token)
        return token is not None and token.grant.dead is None and not token.superseded and self._is_spent(token)

    def close(self) -> None:
        self._loop.close()

    def _is_spent(self, token: RefreshToken) -> bool:
        return token.is_spent(self.behaviour(token.grant.client_id), self._clock.now())
