"""A provider that answers as Slack does with token rotation on: a consent brings a bot's and a person's pair of tokens.

Each pair has a clock of its own, and a refresh token is revoked by its use.
"""

from collections import Counter
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from evergrant.model.clock import Clock
from evergrant.model.json import JsonObject

LIFE_S = 43200


@dataclass
class Pair:
    """A token pair under way."""

    kind: str
    access: str
    refresh: str
    ends_at: float
    revoked: bool = False


@dataclass
class TwoPairs:
    """The provider; it counts what it was asked."""

    clock: Clock
    person_scopes: str = "search:read"
    """What the person grants to their own token; empty is nothing."""
    pairs: list[Pair] = field(default_factory=list[Pair])
    refreshes: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[str] = field(default_factory=Counter[str])
    used: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Method and kind of token of each call that was answered."""
    revocations: Counter[str] = field(default_factory=Counter[str])

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/oauth.v2.access", self._token, methods=["POST"]),
                Route("/api/auth.revoke", self._revoke, methods=["POST"]),
                Route("/api/{method}", self._call, methods=["GET", "POST"]),
            ]
        )

    def kill(self, kind: str) -> None:
        """The pairs of that kind are revoked, as from the provider's own page."""
        for pair in self.pairs:
            pair.revoked |= pair.kind == kind

    def _issue(self, kind: str) -> Pair:
        number = len(self.pairs)
        pair = Pair(kind, f"{kind}-access-{number}", f"{kind}-refresh-{number}", self.clock.monotonic() + LIFE_S)
        self.pairs.append(pair)
        return pair

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        if form["grant_type"] == "authorization_code":
            bot = self._answer(self._issue("bot"), "chat:write,channels:read")
            person = self._answer(self._issue("user"), self.person_scopes) if self.person_scopes else {}
            return JSONResponse({**bot, "authed_user": {"id": "U1", **person}, "team": {"id": "T1"}})
        spent = next((pair for pair in self.pairs if pair.refresh == form["refresh_token"]), None)
        if spent is None or spent.revoked:
            self.refused["invalid_refresh_token"] += 1
            return JSONResponse({"ok": False, "error": "invalid_refresh_token"})
        spent.revoked = True
        self.refreshes[spent.kind] += 1
        scopes = "chat:write,channels:read" if spent.kind == "bot" else self.person_scopes
        return JSONResponse(dict(self._answer(self._issue(spent.kind), scopes)))

    def _answer(self, pair: Pair, scopes: str) -> JsonObject:
        return {
            "ok": True,
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "expires_in": LIFE_S,
            "token_type": pair.kind,
            "scope": scopes,
        }

    async def _revoke(self, request: Request) -> Response:
        pair = self._bearer(request)
        if pair is None:
            return JSONResponse({"ok": False, "error": "invalid_auth"})
        pair.revoked = True
        self.revocations[pair.kind] += 1
        return JSONResponse({"ok": True, "revoked": True})

    async def _call(self, request: Request) -> Response:
        pair = self._bearer(request)
        if pair is None:
            self.refused["token_expired"] += 1
            return JSONResponse({"ok": False, "error": "token_expired"})
        method = request.path_params["method"]
        self.used.append((method, pair.kind))
        answers: dict[str, JsonObject] = {
            "auth.test": {"team_id": "T1", "user_id": "U0", "team": "Acme"},
            "conversations.list": {"channels": [{"id": "C1", "name": "general"}]},
            "search.messages": {"messages": {"matches": [{"text": "found"}]}},
        }
        return JSONResponse({"ok": True, **answers[method]})

    def _bearer(self, request: Request) -> Pair | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        now = self.clock.monotonic()
        return next(
            (pair for pair in self.pairs if pair.access == token and not pair.revoked and pair.ends_at > now), None
        )
