"""Which path leads where."""

from starlette.routing import Route

from evergrant.sandbox.authorize import AuthorizationEndpoint
from evergrant.sandbox.bearer import Bearer, Call
from evergrant.sandbox.control import Control
from evergrant.sandbox.crm import READ, WRITE, Crm
from evergrant.sandbox.faulty import Faulty
from evergrant.sandbox.refusal import Endpoint, refusing
from evergrant.sandbox.token import TokenEndpoint
from evergrant.sandbox.token_status import TokenStatus


def oauth_routes(
    metadata: Endpoint, authorize: AuthorizationEndpoint, token: TokenEndpoint, status: TokenStatus, faulty: Faulty
) -> list[Route]:
    """The authorization server; faults strike its token and revocation endpoints."""
    exchange = faulty.at("token", token.client_of, refusing(token.exchange))
    revocation = faulty.at("revoke", token.client_of, refusing(status.revoke))
    return [
        Route("/.well-known/oauth-authorization-server", metadata, methods=["GET"]),
        Route("/authorize", authorize.ask, methods=["GET"]),
        Route("/authorize", authorize.decide, methods=["POST"]),
        Route("/token", exchange, methods=["POST"]),
        Route("/revoke", revocation, methods=["POST"]),
        Route("/introspect", refusing(status.introspect), methods=["POST"]),
    ]


def crm_routes(crm: Crm, bearer: Bearer, faulty: Faulty) -> list[Route]:
    """The API; faults strike all of it."""

    def route(method: str, path: str, scope: str, call: Call) -> Route:
        endpoint = faulty.at("api", bearer.client_of, refusing(bearer.guard(scope, call)))
        return Route(path, endpoint, methods=[method])

    return [
        route("GET", "/crm/me", READ, crm.me),
        route("GET", "/crm/contacts", READ, crm.search),
        route("POST", "/crm/contacts", WRITE, crm.create),
        route("GET", "/crm/contacts/{contact_id}", READ, crm.get),
        route("PATCH", "/crm/contacts/{contact_id}", WRITE, crm.change),
        route("DELETE", "/crm/contacts/{contact_id}", WRITE, crm.delete),
        route("GET", "/crm/rows", READ, crm.rows),
        route("POST", "/crm/rows", WRITE, crm.append),
    ]


def control_routes(control: Control) -> list[Route]:
    """The controls; no fault strikes them."""
    return [
        Route("/sandbox/count", refusing(control.count), methods=["GET"]),
        Route("/sandbox/faults", refusing(control.add_fault), methods=["POST"]),
        Route("/sandbox/faults", refusing(control.clear_faults), methods=["DELETE"]),
        Route("/sandbox/behaviour", refusing(control.change_behaviour), methods=["POST"]),
        Route("/sandbox/revoke", refusing(control.revoke), methods=["POST"]),
    ]
