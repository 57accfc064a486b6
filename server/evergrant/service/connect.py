"""Begin to connect an account, or to renew the grant of one: a link to the provider's consent page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from evergrant.catalog.account_value import BadAccountValue
from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.model.account import ConnectedAccount, Connection
from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.oauth.endpoint import Client
from evergrant.oauth.flow import Redirect, authorization_url, fresh_secret
from evergrant.oauth.values import from_user
from evergrant.vault.accounts import Accounts
from evergrant.vault.authorizations import Authorization, Authorizations
from evergrant.vault.connections import Connections

CONSENT_TIME = timedelta(minutes=10)


class CannotConnect(Exception):
    """A consent cannot be begun; the message says what to do first."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A consent that waits for the person."""

    authorization_id: str
    url: str
    redirect_uri: str
    expires_at: datetime
    warning: str | None
    """What the consent may cost, where it may cost something."""


def still_alive(account: ConnectedAccount) -> str:
    """Why a stopped account takes no new grant: the old one would be lost sight of, and live on at the provider."""
    return (
        f"{account.alias!r} was to be ended, and its provider has not done so yet. First end it there: "
        f"evergrant revoke --all --at-provider, or evergrant revoke {account.alias}"
    )


def chosen_alias(accounts: Accounts, tenant_id: str, connector: str, alias: str | None) -> str:
    """The alias that a new account gets, the one wanted or a free one; raises CannotConnect."""
    if alias and accounts.named(tenant_id, alias):
        raise CannotConnect(f"An account is called {alias!r} already. Choose another, or: evergrant reauth {alias}")
    if alias is not None and (not alias.strip() or alias.startswith("conn_")):
        raise CannotConnect(f"{alias!r} cannot be an alias: it must not be blank and must not look like an id.")
    return alias or accounts.free_alias(tenant_id, connector)


def _check_consents(connector: Connector, instead: str) -> None:
    """Raises CannotConnect for a service that has no consent page, or none that a browser is sent to."""
    if connector.auth is not None:
        raise CannotConnect(
            f"{connector.name} has no consent page. The person gives its key at the terminal: {instead}"
        )
    if connector.oauth.authorization_endpoint is None:
        raise CannotConnect(f"{connector.name} has no consent page that leads back here. At the terminal: {instead}")


@dataclass(frozen=True, slots=True)
class Connect:
    """The first half of connecting: from the wish to the link."""

    catalog: Catalog
    connections: Connections
    accounts: Accounts
    authorizations: Authorizations
    clock: Clock

    async def begin(
        self, tenant_id: str, connector: str, alias: str | None, values: Mapping[str, str], scopes: tuple[str, ...] = ()
    ) -> Begun:
        """A link at which a new account is connected; raises CannotConnect, UnknownConnector."""
        declared = self.catalog.connector(connector)
        _check_consents(declared, f"evergrant connect {connector}")
        connection = self._connection(tenant_id, connector)
        name = chosen_alias(self.accounts, tenant_id, connector, alias)
        try:
            given = from_user(declared, values)
        except BadAccountValue as error:
            raise CannotConnect(str(error)) from None
        wanted = scopes or connection.scopes or self._scopes(connector)
        return await self._begin(Client(declared, connection, given), name, wanted, None)

    async def begin_reauth(self, account: ConnectedAccount, scopes: tuple[str, ...] = ()) -> Begun:
        """A link at which the same person renews an account's grant; raises CannotConnect."""
        if account.state == "revoked":
            raise CannotConnect(still_alive(account))
        _check_consents(self.catalog.connector(account.connector), f"evergrant reauth {account.alias}")
        connection = self.connections.by_id(account.tenant_id, account.connection_id)
        if connection is None:
            raise CannotConnect(f"The connection is gone. Add it: evergrant connections add {account.connector}")
        client = Client(self.catalog.connector(account.connector), connection, account.values)
        return await self._begin(client, account.alias, scopes or account.scopes_requested, account)

    def status(self, tenant_id: str, authorization_id: str) -> Authorization | None:
        """How a consent stands."""
        return self.authorizations.get(tenant_id, authorization_id)

    def is_answer_to(self, authorization_id: str, redirect: Redirect) -> bool:
        """Whether a redirect belongs to this consent and not to another one."""
        found = self.authorizations.with_state(redirect.state)
        return found is not None and found.id == authorization_id

    async def cancel(self, tenant_id: str, authorization_id: str) -> None:
        """Make a consent that still waits impossible to finish."""
        if found := self.authorizations.get(tenant_id, authorization_id):
            await self.authorizations.cancel(found, "It was cancelled before the provider answered.")

    async def _begin(
        self, client: Client, alias: str, scopes: tuple[str, ...], account: ConnectedAccount | None
    ) -> Begun:
        now, connection = self.clock.now(), client.connection
        state, verifier = fresh_secret(), fresh_secret()
        authorization = Authorization(
            id=new_id("link", now),
            tenant_id=connection.tenant_id,
            connection_id=connection.id,
            connector=connection.connector,
            account_id=account.id if account else None,
            alias=alias,
            code_verifier=verifier,
            redirect_uri=connection.redirect_uri,
            scopes=scopes,
            values=dict(client.account),
            status="pending",
            detail=None,
            created_at=now,
            expires_at=now + CONSENT_TIME,
        )
        await self.authorizations.add(authorization, state)
        url = authorization_url(client, scopes, state, verifier, account.label if account else None)
        warning = self._eviction(client, account)
        return Begun(authorization.id, url, connection.redirect_uri, authorization.expires_at, warning)

    def _eviction(self, client: Client, account: ConnectedAccount | None) -> str | None:
        """Some providers keep only so many grants of a person for one OAuth client, and end the oldest silently."""
        limit, connection = client.connector.grant.grants_per_user_and_client, client.connection
        if limit is None:
            return None
        crowded = self.accounts.crowded(connection.connector, connection.client_id, limit)
        if not crowded:  # hardly ever otherwise, and the tenant may have many accounts
            return None
        concerned = [account] if account else self.accounts.all(connection.tenant_id)
        labels = [each.label for each in concerned if each.subject in crowded and each.connection_id == connection.id]
        if not labels:
            return None
        return (
            f"{client.connector.name} keeps {limit} grants of a person for one OAuth client and ends the oldest "
            f"silently. {', '.join(labels)} has given so many, so one more consent may end a grant that another "
            "account, or another installation with this client, still uses."
        )

    def _connection(self, tenant_id: str, connector: str) -> Connection:
        connection = self.connections.find(tenant_id, connector)
        if connection is None:
            raise CannotConnect(
                f"{connector} has no OAuth client yet. Add yours first: "
                f"evergrant connections add {connector} --client-id ... --client-secret-stdin"
            )
        return connection

    def _scopes(self, connector: str) -> tuple[str, ...]:
        """What the connector itself needs, and what its core tools need."""
        tools = self.catalog.tools(connector).values()
        wanted = [*self.catalog.connector(connector).oauth.scopes]
        wanted += [scope for tool in tools if tool.tier == "core" for scope in tool.scopes]
        return tuple(dict.fromkeys(wanted))
