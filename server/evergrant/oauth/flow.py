"""The authorization request and its redirected answer (RFC 6749 4.1, RFC 7636, RFC 9207)."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from evergrant.catalog.connector import OAuth
from evergrant.model.account import DEFAULT_CREDENTIAL
from evergrant.model.secret import Secret
from evergrant.oauth.endpoint import Client


class NotARedirect(Exception):
    """What was pasted is not the address that the provider sent the browser back to; the message says what is."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """The query that the provider's redirect carries."""

    state: Secret
    code: Secret | None
    error: str | None
    error_description: str | None = field(repr=False)
    iss: str | None


def fresh_secret() -> Secret:
    """256 random bits: a state, or a code verifier (43 characters of RFC 7636's alphabet)."""
    return Secret(secrets.token_urlsafe(32))


def code_challenge(verifier: Secret) -> str:
    """S256 of RFC 7636 4.2."""
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorization_url(
    client: Client, scopes: tuple[str, ...], state: Secret, verifier: Secret, login_hint: str | None
) -> str:
    """The address of the consent page."""
    oauth, connection = client.connector.oauth, client.connection
    query = {
        "response_type": "code",
        "client_id": connection.client_id,
        "redirect_uri": connection.redirect_uri,
        **_scope_parameters(oauth, scopes),
        "state": state.reveal(),
        **({"code_challenge": code_challenge(verifier), "code_challenge_method": "S256"} if oauth.pkce else {}),
        **({"login_hint": login_hint} if login_hint else {}),
        **oauth.authorization_params,
    }
    endpoint = client.expand(oauth.authorization_endpoint or "")
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def _scope_parameters(oauth: OAuth, scopes: tuple[str, ...]) -> dict[str, str]:
    """Each credential's scopes under its own parameter; plain OAuth has one (RFC 6749 3.3)."""
    parameters = {"scope": DEFAULT_CREDENTIAL} | {
        each.scope_parameter: name for name, each in oauth.credentials.items()
    }
    wanted = {
        parameter: [scope for scope in scopes if oauth.credential_of(scope) == credential]
        for parameter, credential in parameters.items()
    }
    return {name: oauth.scope_separator.join(found) for name, found in wanted.items() if found or name == "scope"}


def parse_redirect(address: str) -> Redirect:
    """The redirect in a full address or a bare query string; raises NotARedirect."""
    try:
        query = parse_qs(urlsplit(address.strip()).query or address.strip().lstrip("?"))
    except ValueError:
        query = dict[str, list[str]]()
    given = {name: values[0] for name, values in query.items() if len(values) == 1}
    if "state" not in given or not ({"code", "error"} & set(given)):
        raise NotARedirect(
            "That is not the address the provider sent the browser back to. "
            "Copy the whole address from the browser's address bar; it contains code= and state=."
        )
    return Redirect(
        state=Secret(given["state"]),
        code=Secret(given["code"]) if "code" in given else None,
        error=given.get("error"),
        error_description=given.get("error_description"),
        iss=given.get("iss"),
    )
