"""The guide to an OAuth client of one's own, with everything filled in; and where a redirect URI is corrected."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evergrant.catalog.auth import NoAuth
from evergrant.catalog.connector import Connector
from evergrant.catalog.registration import Pasted

APP = "Evergrant"
"""What the app is called that a person registers."""
ANY_ID = Pasted(title="Client ID", pattern=r"\S+", looks_like="one word")
ANY_SECRET = Pasted(title="Client secret", pattern=r"\S+", looks_like="one word")


@dataclass(frozen=True, slots=True)
class Guide:
    """How a person registers an OAuth client at one provider."""

    service: str
    minutes: int | None
    """None where nobody has measured it."""
    steps: Sequence[tuple[str, str | None]]
    """What to do, and the page on which it is done."""
    client_id: Pasted
    client_secret: Pasted | None
    """None where the client is a public one."""
    warning: str | None
    redirect_uri: str


Takes = Literal["nothing", "key", "service_account_key", "oauth_client"]


def takes(connector: Connector) -> Takes:
    """What a person must have before an account can be connected."""
    if connector.auth is not None:
        return "nothing" if isinstance(connector.auth, NoAuth) else "key"
    return "service_account_key" if connector.oauth.grant_type == "jwt_bearer" else "oauth_client"


def guide(connector: Connector, redirect_uri: str, scopes: tuple[str, ...]) -> Guide:
    """The connector's own guide; where it has none, what any provider asks for."""
    declared, is_public = connector.registration, connector.oauth.token_endpoint_auth_method == "none"
    if declared is None:
        steps = ((f"Register an OAuth client at {connector.name}, with this redirect URI: {redirect_uri}", None),)
        secret = None if is_public else ANY_SECRET
        return Guide(connector.name, None, steps, ANY_ID, secret, None, redirect_uri)
    return Guide(
        service=connector.name,
        minutes=declared.minutes,
        steps=declared.filled(APP, redirect_uri, scopes),
        client_id=declared.client_id,
        client_secret=None if is_public else declared.client_secret or ANY_SECRET,
        warning=declared.warning,
        redirect_uri=redirect_uri,
    )


def is_about_redirect(code: str | None, message: str | None) -> bool:
    """Whether a provider's refusal speaks of the redirect URI: each has a code of its own, some only words."""
    return any("redirect" in (text or "").lower() for text in (code, message))


def how_to_register(connector: Connector, redirect_uri: str) -> str:
    """The exact redirect URI, and the page on which it is registered."""
    page = connector.registration.page_of_redirect if connector.registration else None
    where = f"\nThere: {page}" if page else ""
    return f"Register exactly this redirect URI at {connector.name}, to the letter: {redirect_uri}{where}"
