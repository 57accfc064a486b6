"""Access to the API by bearer token (RFC 6750)."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from evergrant.model.clock import Clock
from evergrant.sandbox.count import Count
from evergrant.sandbox.family import AccessToken
from evergrant.sandbox.grants import Grants
from evergrant.sandbox.refusal import Endpoint, Refusal

Call: TypeAlias = Callable[[Request, str], Awaitable[Response]]
"""An API call, given the user on whose behalf it is made."""


class Bearer:
    """Lets API calls through whose token is alive and has the scope, and counts every one."""

    def __init__(self, grants: Grants, count: Count, clock: Clock) -> None:
        self._grants = grants
        self._count = count
        self._clock = clock

    def client_of(self, request: Request, _body: bytes) -> str | None:
        """The client whose token, alive or not, came with a request."""
        token = self._presented(request)
        return None if token is None else token.grant.client_id

    def guard(self, scope: str, call: Call) -> Endpoint:
        """The call as an endpoint that needs this scope."""

        async def guarded(request: Request) -> Response:
            token = self._alive(request)
            if scope not in token.scopes:
                raise _refused("insufficient_scope", 403, f"The call needs {scope}.", f'scope="{scope}"')
            response = await call(request, token.grant.user)
            for tally in self._count.each(token.grant.client_id):
                tally.api_ok += 1
            return response

        return guarded

    def _presented(self, request: Request) -> AccessToken | None:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        return self._grants.access_token(text.strip()) if scheme.lower() == "bearer" else None

    def _alive(self, request: Request) -> AccessToken:
        token = self._presented(request)
        if token is None:
            self._count.api_unknown_token += 1
            raise _refused("invalid_token", 401, "The access token is missing or unknown.")
        if token.is_revoked():
            for tally in self._count.each(token.grant.client_id):
                tally.api_revoked_token += 1
            raise _refused("invalid_token", 401, "The access token was revoked.")
        if token.is_expired(self._clock.now()):
            for tally in self._count.each(token.grant.client_id):
                tally.api_expired_token += 1
            raise _refused("invalid_token", 401, "The access token has expired.")
        return token


def _refused(error: str, status: int, description: str, *more: str) -> Refusal:
    challenge = ", ".join([f'Bearer error="{error}"', f'error_description="{description}"', *more])
    return Refusal(error, description, status, {"WWW-Authenticate": challenge})
