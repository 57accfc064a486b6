"""Connect an account of a service that has no OAuth: a key or a password, given once and sealed in the vault.

It is kept as a grant that has no end and no refresh token, so the same watch is kept on it as on any other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from evergrant.catalog.auth import Auth, NoAuth
from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.model.account import ConnectedAccount, Connection
from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.model.live import LiveSecrets
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued
from evergrant.oauth.endpoint import Client
from evergrant.service.connect import CannotConnect, asked_values, chosen_alias, still_alive
from evergrant.service.consent import Consent
from evergrant.vault.accounts import Accounts
from evergrant.vault.authorizations import Authorization
from evergrant.vault.connections import Connections

NO_CLIENT = "none"
"""What stands for the OAuth client of a service that knows none."""
HEADER_TEXT = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Keys:
    """Connecting by key: asks who the key belongs to, and keeps nothing that the service refuses."""

    catalog: Catalog
    connections: Connections
    accounts: Accounts
    consent: Consent
    clock: Clock
    live: LiveSecrets

    def asks(self, connector: str) -> Auth | None:
        """How the service is signed for; None where it has OAuth. Raises UnknownConnector, DeclarationError."""
        return self.catalog.connector(connector).auth

    async def connect(
        self, tenant_id: str, connector: str, alias: str | None, values: Mapping[str, str], secret: Secret
    ) -> ConnectedAccount:
        """A new account of that key, or the same person's with the new key; raises CannotConnect, ConsentFailed."""
        declared = self.catalog.connector(connector)
        name = chosen_alias(self.accounts, tenant_id, connector, alias)
        given = asked_values(declared, values)
        connection = await self.connection(tenant_id, connector)
        return await self._keep(Client(declared, connection, given), name, secret, None)

    async def replace(self, account: ConnectedAccount, secret: Secret) -> ConnectedAccount:
        """The account with another key of the same person; raises CannotConnect, ConsentFailed."""
        if account.state == "revoked":
            raise CannotConnect(still_alive(account))
        connection = await self.connection(account.tenant_id, account.connector)
        client = Client(self.catalog.connector(account.connector), connection, account.values)
        return await self._keep(client, account.alias, secret, account.id)

    async def _keep(self, client: Client, alias: str, secret: Secret, account_id: str | None) -> ConnectedAccount:
        _check(client.connector, secret)
        self.live.note(secret)
        asked = asked_by_hand(client, alias, (), self.clock.now(), account_id)
        return await self.consent.keep(client, asked, _issued_for(secret, self.clock))

    async def connection(self, tenant_id: str, connector: str) -> Connection:
        """The connection that accounts of such a service hang on, made when the first one comes."""
        if found := self.connections.find(tenant_id, connector):
            return found
        now = self.clock.now()
        made = Connection(new_id("client", now), tenant_id, connector, NO_CLIENT, None, "", (), now)
        await self.connections.put(made)
        return self.connections.find(tenant_id, connector) or made


def asked_by_hand(
    client: Client, alias: str, scopes: tuple[str, ...], now: datetime, account_id: str | None = None
) -> Authorization:
    """What stands for a consent where none goes through a browser; it is never stored."""
    return Authorization(
        id=new_id("link", now),
        tenant_id=client.connection.tenant_id,
        connection_id=client.connection.id,
        connector=client.connection.connector,
        account_id=account_id,
        alias=alias,
        code_verifier=Secret(""),
        redirect_uri="",
        scopes=scopes,
        values=dict(client.account),
        status="taken",
        detail=None,
        created_at=now,
        expires_at=now,
    )


def _check(connector: Connector, secret: Secret) -> None:
    """What is pasted is looked at before it is sent anywhere; it is not repeated in the words of a refusal."""
    auth, text = connector.auth, secret.reveal()
    if auth is None:
        raise CannotConnect(f"{connector.name} has a consent page and takes no key.")
    if isinstance(auth, NoAuth):
        return
    if not HEADER_TEXT.fullmatch(text) or not re.fullmatch(auth.pattern, text):
        like = f" It looks like this: {auth.looks_like}." if auth.looks_like else ""
        raise CannotConnect(f"That does not look like what {connector.name} calls {auth.title}.{like} See {auth.help}")


def _issued_for(secret: Secret, clock: Clock) -> Issued:
    """The key as tokens that were issued just now."""
    return Issued(
        access_token=secret,
        refresh_token=None,
        issued_at=clock.now(),
        expires_at=None,
        end_stated=True,
        refresh_expires_at=None,
        scopes=None,
        body=None,
    )
