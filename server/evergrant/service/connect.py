"""Begin to connect an account, or to renew the grant of one: the address of the provider's consent page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from evergrant.catalog.account_source import FromUser
from evergrant.catalog.account_value import BadAccountValue
from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.model.account import ConnectedAccount, Connection
from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.oauth.endpoint import Client
from evergrant.oauth.flow import Redirect, authorization_url, fresh_secret
from evergrant.oauth.values import from_user
from evergrant.store.database import TenantGone
from evergrant.vault.accounts import Accounts
from evergrant.vault.authorizations import Authorization, Authorizations
from evergrant.vault.connections import Connections

CONSENT_TIME = timedelta(minutes=10)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class CannotConnect(Exception):
    """A consent cannot be begun; the message says what to do first."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A consent as it would be asked for."""

    client: Client
    alias: str
    scopes: tuple[str, ...]
    account: ConnectedAccount | None
    """The account to renew; None connects a new one."""
    warning: str | None
    """What the consent may cost, where it may cost something."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a consent was asked for: the link, and the browser that alone may bring the answer."""

    link_hash: str | None = None
    browser_hash: str | None = None
    needs_confirmation: bool = False
    """Whether the tenant's back end has the last word."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A consent that waits for the person."""

    authorization_id: str
    url: str
    redirect_uri: str
    expires_at: datetime
    warning: str | None
    """What the consent may cost, where it may cost something."""


NOWHERE = Asked()
"""By whoever will bring the answer: a terminal, or a program that plays the person."""


def still_alive(account: ConnectedAccount) -> str:
    """Why a stopped account takes no new grant: the old one would be lost sight of, and live on at the provider."""
    return (
        f"{account.alias!r} was to be ended, and its provider has not done so yet. First end it there: "
        f"evergrant revoke --all --at-provider, or evergrant revoke {account.alias}"
    )


def no_client(connector: str) -> CannotConnect:
    """What is said where nobody has registered an OAuth client yet."""
    return CannotConnect(
        f"{connector} has no OAuth client yet. At a terminal this walks you through registering one: "
        f"evergrant connect {connector}. One that you have: "
        f"evergrant connections add {connector} --client-id ... --client-secret-stdin"
    )


def chosen_alias(accounts: Accounts, tenant_id: str, connector: str, alias: str | None) -> str:
    """The alias that a new account gets, the one wanted or a free one; raises CannotConnect."""
    if alias and accounts.named(tenant_id, alias):
        raise CannotConnect(f"An account is called {alias!r} already. Choose another, or: evergrant reauth {alias}")
    if alias is not None and (not alias.strip() or alias.startswith("conn_")):
        raise CannotConnect(f"{alias!r} cannot be an alias: it must not be blank and must not look like an id.")
    return alias or accounts.free_alias(tenant_id, connector)


def asked_values(connector: Connector, values: Mapping[str, str]) -> dict[str, str]:
    """What the connector asks of the person, as it was given; raises CannotConnect."""
    try:
        return from_user(connector, values)
    except BadAccountValue as error:
        raise CannotConnect(str(error)) from None


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
    port: int | None = None
    """Where browsers of this machine bring answers; None where they are brought elsewhere."""

    async def begin(
        self, tenant_id: str, connector: str, alias: str | None, values: Mapping[str, str], scopes: tuple[str, ...] = ()
    ) -> Begun:
        """A consent to a new account, for the caller to finish; raises CannotConnect, UnknownConnector."""
        return await self.ask(self.wish(tenant_id, connector, alias, values, scopes))

    async def begin_reauth(self, account: ConnectedAccount, scopes: tuple[str, ...] = ()) -> Begun:
        """A consent by which the same person renews an account's grant; raises CannotConnect."""
        return await self.ask(self.wish_reauth(account, scopes))

    def wish(
        self, tenant_id: str, connector: str, alias: str | None, values: Mapping[str, str], scopes: tuple[str, ...] = ()
    ) -> Wish:
        """What connecting a new account would ask for; raises CannotConnect, UnknownConnector."""
        declared = self.catalog.connector(connector)
        _check_consents(declared, f"evergrant connect {connector}")
        connection = self._connection(tenant_id, connector)
        name = chosen_alias(self.accounts, tenant_id, connector, alias)
        given = asked_values(declared, values)
        client = Client(declared, self._at_port(declared, connection), given)
        wanted = scopes or connection.scopes or self.usual_scopes(connector, given)
        return Wish(client, name, wanted, None, self._eviction(client, None))

    def wish_reauth(self, account: ConnectedAccount, scopes: tuple[str, ...] = ()) -> Wish:
        """What renewing the account's grant would ask for; raises CannotConnect."""
        if account.state == "revoked":
            raise CannotConnect(still_alive(account))
        _check_consents(self.catalog.connector(account.connector), f"evergrant reauth {account.alias}")
        connection = self.connections.by_id(account.tenant_id, account.connection_id)
        if connection is None:
            raise CannotConnect(f"The connection is gone. Add it: evergrant connections add {account.connector}")
        declared = self.catalog.connector(account.connector)
        client = Client(declared, self._at_port(declared, connection), account.values)
        wanted = scopes or account.scopes_requested
        return Wish(client, account.alias, wanted, account, self._eviction(client, account))

    def wish_anew(self, authorization: Authorization) -> Wish:
        """What connecting would ask for, as a new account, the person who signed in for another; raises CannotConnect.

        Of the other account's values only those are taken that a user gives: where it lives is not where this one does.
        """
        declared = self.catalog.connector(authorization.connector)
        asked = (name for name, value in declared.account.items() if isinstance(value, FromUser))
        values = {name: authorization.values[name] for name in asked if name in authorization.values}
        return self.wish(authorization.tenant_id, authorization.connector, None, values, authorization.scopes)

    def status(self, tenant_id: str, authorization_id: str) -> Authorization | None:
        """How a consent stands."""
        return self.authorizations.get(tenant_id, authorization_id)

    def of_link(self, tenant_id: str, link_hash: str) -> Sequence[Authorization]:
        """The consents that were begun from a link, oldest first."""
        return self.authorizations.of_link(tenant_id, link_hash)

    def answered_by(self, redirect: Redirect) -> Authorization | None:
        """The consent that a redirect belongs to."""
        return self.authorizations.with_state(redirect.state)

    async def cancel(self, tenant_id: str, authorization_id: str) -> None:
        """Make a consent that still waits impossible to finish."""
        if found := self.authorizations.get(tenant_id, authorization_id):
            await self.authorizations.cancel(found, "It was cancelled before the provider answered.")

    async def ask(self, wish: Wish, asked: Asked = NOWHERE) -> Begun:
        """Begin the consent: ten minutes in which its answer is taken, once."""
        now, connection = self.clock.now(), wish.client.connection
        state, verifier = fresh_secret(), fresh_secret()
        authorization = Authorization(
            id=new_id("link", now),
            tenant_id=connection.tenant_id,
            connection_id=connection.id,
            connector=connection.connector,
            account_id=wish.account.id if wish.account else None,
            alias=wish.alias,
            code_verifier=verifier,
            redirect_uri=connection.redirect_uri,
            scopes=wish.scopes,
            values=dict(wish.client.account),
            status="pending",
            detail=None,
            created_at=now,
            expires_at=now + CONSENT_TIME,
            link_hash=asked.link_hash,
            browser_hash=asked.browser_hash,
            needs_confirmation=asked.needs_confirmation,
        )
        try:
            await self.authorizations.add(authorization, state)
        except TenantGone as gone:
            raise CannotConnect(str(gone)) from None
        hint = wish.account.label if wish.account else None
        url = authorization_url(wish.client, wish.scopes, state, verifier, hint)
        return Begun(authorization.id, url, connection.redirect_uri, authorization.expires_at, wish.warning)

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
            raise no_client(connector)
        return connection

    def _at_port(self, declared: Connector, connection: Connection) -> Connection:
        """As it is registered; providers that take any port of loopback (RFC 8252 7.3) are given the one we have."""
        parts = urlsplit(connection.redirect_uri)
        is_local = parts.scheme == "http" and parts.hostname in LOOPBACK
        if self.port is None or declared.redirect.loopback != "any_port" or not is_local:
            return connection
        host = parts.netloc.removesuffix(f":{parts.port}")
        return replace(connection, redirect_uri=parts._replace(netloc=f"{host}:{self.port}").geturl())

    def usual_scopes(self, connector: str, given: Mapping[str, str]) -> tuple[str, ...]:
        """What the connector itself needs, and what its core tools need, of an account with these values."""
        declared = self.catalog.connector(connector)
        tools = self.catalog.tools(connector).values()
        wanted = [*declared.oauth.scopes]
        wanted += [scope for tool in tools if tool.tier == "core" for scope in tool.scopes]
        return declared.oauth.suiting(wanted, given)
