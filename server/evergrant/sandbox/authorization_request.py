"""The request a browser brings to /authorize (RFC 6749 section 4.1.1, RFC 7636, RFC 8252)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.form import required
from evergrant.sandbox.refusal import Refusal

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|localhost|\[::1\]))(?::\d{1,5})?((?:[/?].*)?)")


@dataclass(frozen=True)
class Destination:
    """Where the browser goes back to, with an answer or with an error."""

    client_id: str
    redirect_uri: str
    state: str | None

    def location(self, issuer: str, answer: Mapping[str, str]) -> str:
        """The redirect URI with the answer, the client's state, and who answers (RFC 9207)."""
        state = {} if self.state is None else {"state": self.state}
        mark = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{mark}{urlencode({**answer, **state, 'iss': issuer})}"


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request that may be put before the user."""

    destination: Destination
    scopes: tuple[str, ...]
    code_challenge: str


def destination(parameters: dict[str, str], clients: Mapping[str, Client]) -> Destination:
    """Where to answer. Raises Refusal when that cannot be trusted: then nothing may be sent to the redirect URI."""
    client_id = required(parameters, "client_id")
    redirect_uri = required(parameters, "redirect_uri")
    client = clients.get(client_id)
    if client is None:
        raise Refusal("invalid_client", "The client is not registered.")
    if not any(same_redirect(registered, redirect_uri) for registered in client.redirect_uris):
        raise Refusal("invalid_request", "The redirect_uri is not registered for this client.")
    return Destination(client_id, redirect_uri, parameters.get("state"))


def authorization_request(
    parameters: dict[str, str], to: Destination, clients: Mapping[str, Client]
) -> AuthorizationRequest:
    """The request to put before the user. Raises Refusal with an error code for the redirect (section 4.1.2.1)."""
    if required(parameters, "response_type") != "code":
        raise Refusal("unsupported_response_type", "response_type must be code.")
    challenge = required(parameters, "code_challenge")
    # An absent method means "plain" (RFC 7636 section 4.3), which is not on offer.
    if parameters.get("code_challenge_method") != "S256" or not re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge):
        raise Refusal("invalid_request", "code_challenge_method must be S256, with its challenge.")
    return AuthorizationRequest(to, _scopes(parameters.get("scope"), clients[to.client_id].scopes), challenge)


def _scopes(asked: str | None, offered: tuple[str, ...]) -> tuple[str, ...]:
    scopes = offered if asked is None else tuple(dict.fromkeys(asked.split()))
    if not set(scopes) <= set(offered):
        raise Refusal("invalid_scope", "A scope is not on offer for this client.")
    return scopes


def same_redirect(registered: str, asked: str) -> bool:
    """Whether two redirect URIs are equal; on plain-HTTP loopback any port will do (RFC 8252 section 7.3)."""
    return registered == asked or _without_port(registered) == _without_port(asked)


def _without_port(uri: str) -> str:
    loopback = _LOOPBACK.fullmatch(uri)
    return uri if loopback is None else loopback[1] + loopback[2]
