"""The token endpoint (RFC 6749 sections 3.2, 4.1.3 and 6)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from evergrant.model.clock import Clock
from evergrant.model.json import JsonObject
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.client_authentication import authenticate, claimed_client
from evergrant.sandbox.codes import Codes
from evergrant.sandbox.count import Count, one_more
from evergrant.sandbox.form import form, required
from evergrant.sandbox.grants import Grants
from evergrant.sandbox.refusal import NO_STORE, Refusal
from evergrant.sandbox.token_answer import token_answer

KNOWN = {"authorization_code", "refresh_token"}


class TokenEndpoint:
    """Exchanges codes and refresh tokens for tokens."""

    def __init__(self, clients: Mapping[str, Client], codes: Codes, grants: Grants, count: Count, clock: Clock) -> None:
        self._clients = clients
        self._codes = codes
        self._grants = grants
        self._count = count
        self._clock = clock

    def client_of(self, request: Request, body: bytes) -> str | None:
        """The known client that a request names, proven or not."""
        values = dict(parse_qsl(body.decode("utf-8", "replace")))
        return claimed_client(request.headers.get("authorization"), values, self._clients)

    async def exchange(self, request: Request) -> Response:
        values = await form(request)
        grant_type = values.get("grant_type", "")
        authorization = request.headers.get("authorization")
        for tally in self._count.each(claimed_client(authorization, values, self._clients)):
            one_more(tally.token_requests, grant_type if grant_type in KNOWN else "other")
        client_id = authenticate(authorization, values, self._clients)
        return JSONResponse(self._answer(required(values, "grant_type"), client_id, values), 200, NO_STORE)

    def _answer(self, grant_type: str, client_id: str, values: dict[str, str]) -> JsonObject:
        match grant_type:
            case "authorization_code":
                return self._redeem(client_id, values)
            case "refresh_token":
                return self._refresh(client_id, values)
            case _:
                raise Refusal("unsupported_grant_type", "Only authorization_code and refresh_token are on offer.")

    def _redeem(self, client_id: str, values: dict[str, str]) -> JsonObject:
        now = self._clock.now()
        names = ("code", "redirect_uri", "code_verifier")
        text, redirect_uri, verifier = (required(values, name) for name in names)
        code = self._codes.present(text, client_id, redirect_uri, verifier, now)
        behaviour = self._clients[client_id].behaviour
        code.grant, issued = self._grants.issue(client_id, code.consent.user, code.consent.scopes, behaviour, now)
        return token_answer(issued, behaviour, refreshed=False)

    def _refresh(self, client_id: str, values: dict[str, str]) -> JsonObject:
        behaviour = self._clients[client_id].behaviour
        asked = tuple(values["scope"].split()) if "scope" in values else None
        text = required(values, "refresh_token")
        try:
            issued = self._grants.refresh(text, client_id, asked, behaviour, self._clock.now())
        except Refusal as refusal:
            for tally in self._count.each(client_id):
                tally.refresh_invalid_grant += refusal.error == "invalid_grant"
            raise
        return token_answer(issued, behaviour, refreshed=True)
