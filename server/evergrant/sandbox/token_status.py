"""Revocation (RFC 7009) and introspection (RFC 7662) of tokens by the client that holds them."""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from evergrant.model.clock import Clock
from evergrant.model.json import Json, JsonObject
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.client_authentication import authenticate
from evergrant.sandbox.count import Count
from evergrant.sandbox.family import AccessToken, RefreshToken
from evergrant.sandbox.form import form, required
from evergrant.sandbox.grants import Grants
from evergrant.sandbox.people import subject
from evergrant.sandbox.refusal import NO_STORE, Refusal

INACTIVE: JsonObject = {"active": False}


class TokenStatus:
    """The two endpoints that take a token and no grant."""

    def __init__(self, clients: Mapping[str, Client], grants: Grants, count: Count, clock: Clock) -> None:
        self._clients = clients
        self._grants = grants
        self._count = count
        self._clock = clock

    async def revoke(self, request: Request) -> Response:
        """A refresh token ends its grant, an access token only itself; an unknown token is no error."""
        client_id, token = await self._presented(request)
        if token is not None and token.grant.client_id != client_id:
            raise Refusal("invalid_grant", "The token was issued to another client.")
        for tally in self._count.each(client_id):
            tally.revocations += 1
        if isinstance(token, RefreshToken):
            self._grants.kill(token.grant, "revoked")
        elif token is not None:
            token.revoked = True
        return Response(status_code=200, headers=NO_STORE)

    async def introspect(self, request: Request) -> Response:
        client_id, token = await self._presented(request)
        # Introspection tells whoever asks, so a client that has no secret must not ask (RFC 7662 section 2.1).
        if self._clients[client_id].secret is None:
            raise Refusal("invalid_client", "A public client may not introspect.", 401)
        if token is None or token.grant.client_id != client_id:
            return JSONResponse(INACTIVE, 200, NO_STORE)
        return JSONResponse(self._description(token, self._clock.now()), 200, NO_STORE)

    async def _presented(self, request: Request) -> tuple[str, AccessToken | RefreshToken | None]:
        values = await form(request)
        client_id = authenticate(request.headers.get("authorization"), values, self._clients)
        text = required(values, "token")
        return client_id, self._grants.access_token(text) or self._grants.refresh_token(text)

    def _description(self, token: AccessToken | RefreshToken, now: datetime) -> JsonObject:
        grant = token.grant
        behaviour = self._clients[grant.client_id].behaviour
        who: JsonObject = {"client_id": grant.client_id, "username": grant.user, "sub": subject(grant.user)}
        if isinstance(token, RefreshToken):
            self._grants.end_if_over(grant, behaviour, now)
            active = grant.dead is None and not token.is_spent(behaviour, now)
            return {"active": True, "scope": " ".join(grant.scopes), **who} if active else INACTIVE
        if token.is_revoked() or token.is_expired(now):
            return INACTIVE
        times: dict[str, Json] = {"iat": int(token.issued_at.timestamp())}
        if token.expires_at is not None:
            times["exp"] = int(token.expires_at.timestamp())
        return {"active": True, "scope": " ".join(token.scopes), "token_type": "Bearer", **who, **times}
