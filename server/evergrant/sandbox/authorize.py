"""The authorization endpoint: the user's yes or no (RFC 6749 section 4.1)."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from evergrant.model.clock import Clock
from evergrant.sandbox.authorization_request import AuthorizationRequest, authorization_request, destination
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.codes import Codes, Consent
from evergrant.sandbox.consent_page import consent_page, refusal_page
from evergrant.sandbox.form import form, single
from evergrant.sandbox.metadata import Issuer
from evergrant.sandbox.refusal import Refusal


class AuthorizationEndpoint:
    """GET asks the user, POST takes the answer. With `auto_approve`, `auto=approve` in the query is the answer."""

    def __init__(
        self, clients: Mapping[str, Client], codes: Codes, clock: Clock, issuer: Issuer, auto_approve: bool
    ) -> None:
        self._clients = clients
        self._codes = codes
        self._clock = clock
        self._issuer = issuer
        self._auto_approve = auto_approve

    async def ask(self, request: Request) -> Response:
        try:
            parameters = single(request.query_params.multi_items())
            decision = "approve" if self._auto_approve and parameters.get("auto") == "approve" else None
            return self._answer(parameters, decision, self._issuer(request))
        except Refusal as refusal:
            return refusal_page(refusal.description)

    async def decide(self, request: Request) -> Response:
        try:
            parameters = await form(request)
            return self._answer(parameters, parameters.get("decision"), self._issuer(request))
        except Refusal as refusal:
            return refusal_page(refusal.description)

    def _answer(self, parameters: dict[str, str], decision: str | None, issuer: str) -> Response:
        to = destination(parameters, self._clients)
        try:
            asked = authorization_request(parameters, to, self._clients)
            if decision not in {"approve", "deny"}:
                return consent_page(parameters, to.client_id, asked.scopes)
            answer = {"code": self._code(asked, parameters.get("user", "anna"), decision)}
        except Refusal as refusal:
            answer = {"error": refusal.error, "error_description": refusal.description}
        return RedirectResponse(to.location(issuer, answer), 303, {"Cache-Control": "no-store"})

    def _code(self, asked: AuthorizationRequest, user: str, decision: str) -> str:
        if decision == "deny":
            raise Refusal("access_denied", "The user said no.")
        to = asked.destination
        consent = Consent(to.client_id, user, asked.scopes, to.redirect_uri, asked.code_challenge)
        return self._codes.new(consent, self._clock.now())
