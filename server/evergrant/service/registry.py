"""Add and look after a tenant's OAuth clients."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from evergrant.catalog.catalog import Catalog
from evergrant.model.account import Connection
from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.model.secret import Secret
from evergrant.vault.connections import Connections


class CannotAdd(Exception):
    """The connection cannot be stored; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Connections: the OAuth clients that a tenant has registered with providers."""

    catalog: Catalog
    connections: Connections
    clock: Clock

    async def add(
        self,
        tenant_id: str,
        connector: str,
        *,
        client_id: str,
        client_secret: Secret | None,
        redirect_uri: str,
        scopes: tuple[str, ...] = (),
    ) -> Connection:
        """Store a connection in place of the tenant's former one; raises CannotAdd, UnknownConnector."""
        declared = self.catalog.connector(connector)
        if declared.auth is not None:
            raise CannotAdd(f"{declared.name} has no OAuth clients. Connect an account: evergrant connect {connector}")
        oauth = declared.oauth
        if not client_id.strip() or any(character.isspace() for character in client_id):
            raise CannotAdd("A client id is one word. Copy it from the provider's page for your app.")
        if oauth.token_endpoint_auth_method != "none" and client_secret is None:
            raise CannotAdd(f"{connector} wants a client secret: pipe it in with --client-secret-stdin.")
        if urlsplit(redirect_uri).scheme not in ("http", "https"):
            raise CannotAdd(f"Not a redirect URI: {redirect_uri}")
        now = self.clock.now()
        connection = Connection(
            new_id("client", now), tenant_id, connector, client_id, client_secret, redirect_uri, scopes, now
        )
        await self.connections.put(connection)
        return self.connections.find(tenant_id, connector) or connection
