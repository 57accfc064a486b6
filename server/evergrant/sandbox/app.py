"""A provider to practise on: an OAuth 2 authorization server with a small CRM, as a Starlette application."""

import random
from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue
from starlette.applications import Starlette

from evergrant.model.clock import Clock
from evergrant.model.json import JsonObject
from evergrant.sandbox.authorize import AuthorizationEndpoint
from evergrant.sandbox.bearer import Bearer
from evergrant.sandbox.behaviour import Behaviour, Client
from evergrant.sandbox.book import Book
from evergrant.sandbox.codes import Codes
from evergrant.sandbox.control import Control
from evergrant.sandbox.count import Count
from evergrant.sandbox.crm import Crm
from evergrant.sandbox.drop import ConnectionDropped, DropError
from evergrant.sandbox.faults import Faults
from evergrant.sandbox.faulty import Faulty
from evergrant.sandbox.grants import Grants
from evergrant.sandbox.metadata import issuer_of, metadata_endpoint
from evergrant.sandbox.routes import control_routes, crm_routes, oauth_routes
from evergrant.sandbox.token import TokenEndpoint
from evergrant.sandbox.token_answer import token_answer
from evergrant.sandbox.token_status import TokenStatus


class Sandbox:
    """One run of the practice provider: several services, one for each client, in memory and without limit.

    `app` is the ASGI application. `faults` and `count` are what goes wrong and what happened. Token life is judged by
    `clock`, and delays pass on it; `chance` decides faults with a probability. `auto_approve` lets `auto=approve` in
    the query of /authorize stand for the user's yes. `issuer` is the origin asked unless it is given.
    In-process, a dropped connection raises `drop_error("...")` to the caller, so give it the error of your HTTP
    client, such as `httpx2.RemoteProtocolError`; on a port it never comes up.
    """

    def __init__(
        self,
        clients: Mapping[str, Client],
        *,
        clock: Clock,
        chance: random.Random,
        auto_approve: bool = False,
        issuer: str | None = None,
        drop_error: DropError = ConnectionDropped,
    ) -> None:
        self.count = Count()
        self.faults = Faults(self.count, chance)
        self._clients = dict(clients)
        self._clock = clock
        self._grants = Grants(self.count)
        self._codes = Codes(self._grants)
        self._bearer = Bearer(self._grants, self.count, clock)
        self._crm = Crm(self._bearer, self.count, clock)
        self.app = self._starlette(auto_approve, issuer, drop_error)

    def _starlette(self, auto_approve: bool, issuer: str | None, drop_error: DropError) -> Starlette:
        named, clients, clock = issuer_of(issuer), self._clients, self._clock
        faulty = Faulty(self.faults, clock, drop_error)
        authorize = AuthorizationEndpoint(clients, self._codes, clock, named, auto_approve)
        token = TokenEndpoint(clients, self._codes, self._grants, self.count, clock)
        status = TokenStatus(clients, self._grants, self.count, clock)
        control = Control(self.count, self.faults, self._change, self._revoke)
        oauth = oauth_routes(metadata_endpoint(named, clients), authorize, token, status, faulty)
        return Starlette(routes=[*oauth, *crm_routes(self._crm, self._bearer, faulty), *control_routes(control)])

    def behaviour(self, client_id: str) -> Behaviour:
        """How this client's service behaves now. Raises KeyError for an unknown client."""
        return self._clients[client_id].behaviour

    def set_behaviour(self, client_id: str, behaviour: Behaviour) -> None:
        """From now on this client's service behaves so. Raises KeyError for an unknown client."""
        self._clients[client_id] = replace(self._clients[client_id], behaviour=behaviour)

    def revoke(self, *, client_id: str | None = None, user: str | None = None) -> int:
        """End the living grants of a client, of a user, of both, or all, from outside; how many there were."""
        return self._revoke(client_id, user)

    def issue(self, client_id: str, user: str, scopes: tuple[str, ...] | None = None) -> JsonObject:
        """A grant without the browser: the token answer that a consent would have led to. Raises KeyError."""
        client = self._clients[client_id]
        _, issued = self._grants.issue(client_id, user, scopes or client.scopes, client.behaviour, self._clock.now())
        return token_answer(issued, client.behaviour, refreshed=False)

    def book(self, user: str) -> Book:
        """What this user keeps in the CRM."""
        return self._crm.book(user)

    def _revoke(self, client_id: str | None, user: str | None) -> int:
        grants = list(self._grants.matching(client_id, user))
        for grant in grants:
            self._grants.kill(grant, "revoked")
        return len(grants)

    def _change(self, client_id: str | None, changes: dict[str, JsonValue]) -> dict[str, Behaviour]:
        whose = list(self._clients) if client_id is None else [client_id]
        changed = {each: Behaviour.model_validate({**self.behaviour(each).model_dump(), **changes}) for each in whose}
        for each, behaviour in changed.items():
            self.set_behaviour(each, behaviour)
        return changed
