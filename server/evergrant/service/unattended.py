"""Connect where no browser comes back here: by the client's own credentials, by a key that signs, by another device."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.model.account import ConnectedAccount, Connection
from evergrant.model.clock import Clock
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued, Rejected
from evergrant.oauth.device import PENDING, SLOWER_S, DeviceCode
from evergrant.oauth.endpoint import Client, TokenEndpoint
from evergrant.oauth.renewal import BY_CLIENT, BadKey, check_key, is_unattended
from evergrant.service.connect import CannotConnect, asked_values, chosen_alias, no_client, still_alive
from evergrant.service.consent import Consent, ConsentFailed
from evergrant.service.keys import Keys, asked_by_hand
from evergrant.vault.accounts import Accounts

Show = Callable[[DeviceCode], None]


@dataclass(frozen=True, slots=True)
class Unattended:
    """The first grants of such accounts; they are renewed like all others."""

    catalog: Catalog
    accounts: Accounts
    keys: Keys
    consent: Consent
    endpoint: TokenEndpoint
    clock: Clock

    def serves(self, connector: str) -> bool:
        """Whether the connector is connected this way; raises UnknownConnector, DeclarationError."""
        declared = self.catalog.connector(connector)
        by_device = declared.auth is None and declared.oauth.grant_type == "device_code"
        return by_device or is_unattended(declared)

    def wants_key(self, connector: str) -> bool:
        """Whether it takes the key of a service account."""
        return self.catalog.connector(connector).oauth.grant_type == "jwt_bearer"

    async def connect(
        self,
        tenant_id: str,
        connector: str,
        alias: str | None,
        values: Mapping[str, str],
        *,
        key: Secret | None,
        show: Show,
    ) -> ConnectedAccount:
        """A new account; `show` is given the code that a person types in. Raises CannotConnect, ConsentFailed."""
        declared = self.catalog.connector(connector)
        name = chosen_alias(self.accounts, tenant_id, connector, alias)
        given = asked_values(declared, values)
        client = Client(declared, await self._connection(tenant_id, connector, declared), given)
        return await self._keep(client, name, None, key, show)

    async def renew(self, account: ConnectedAccount, *, key: Secret | None, show: Show) -> ConnectedAccount:
        """The account with a new grant of the same person or client; raises CannotConnect, ConsentFailed."""
        if account.state == "revoked":
            raise CannotConnect(still_alive(account))
        declared = self.catalog.connector(account.connector)
        connection = await self._connection(account.tenant_id, account.connector, declared)
        return await self._keep(Client(declared, connection, account.values), account.alias, account.id, key, show)

    async def _keep(
        self, client: Client, alias: str, account_id: str | None, key: Secret | None, show: Show
    ) -> ConnectedAccount:
        kept = _kept(client.connector, key)
        issued = await (self._by_device(client, show) if kept is None else self._alone(client, kept))
        asked = asked_by_hand(client, alias, self._scopes(client), self.clock.now(), account_id)
        return await self.consent.keep(client, asked, issued)

    def _scopes(self, client: Client) -> tuple[str, ...]:
        return client.connection.scopes or client.connector.oauth.scopes

    async def _connection(self, tenant_id: str, connector: str, declared: Connector) -> Connection:
        if declared.oauth.grant_type == "jwt_bearer":
            return await self.keys.connection(tenant_id, connector)
        if found := self.keys.connections.find(tenant_id, connector):
            return found
        raise no_client(connector)

    async def _alone(self, client: Client, kept: Secret) -> Issued:
        try:
            answer = await self.endpoint.refresh(client, kept)
        except BadKey as error:
            raise CannotConnect(str(error)) from None
        if isinstance(answer, Rejected):
            raise ConsentFailed(f"{client.connector.name} gives no token for this ({answer.code}). Nothing was stored.")
        return replace(answer, refresh_token=kept)

    async def _by_device(self, client: Client, show: Show) -> Issued:
        """RFC 8628 3.4 and 3.5."""
        name = client.connector.name
        code = await self.endpoint.device_code(client, self._scopes(client))
        if code is None:
            raise ConsentFailed(f"{name} gives no code for a device. Check the client id. Nothing was stored.")
        show(code)
        interval, end = code.interval_s, self.clock.monotonic() + code.expires_in_s
        while self.clock.monotonic() < end:
            await self.clock.sleep(interval)
            answer = await self.endpoint.exchange_device_code(client, code.device_code)
            if isinstance(answer, Issued):
                return answer
            if not _goes_on(answer):
                raise ConsentFailed(f"{name} answered {answer.code}. Nothing was stored. Start again.")
            interval += SLOWER_S if answer.code == "slow_down" else 0.0
        raise ConsentFailed("Nobody typed the code in. Start again.")


def _goes_on(answer: Rejected) -> bool:
    """Whether the person may still consent: so it is said, or nothing was said at all."""
    unsaid = answer.may_be_spent or answer.code == "not_sent" or answer.class_ == "ratelimit"
    return answer.code in PENDING or unsaid


def _kept(connector: Connector, key: Secret | None) -> Secret | None:
    """What renewals will take; None where a person is still to consent. Raises CannotConnect."""
    match connector.oauth.grant_type:
        case "client_credentials":
            return BY_CLIENT
        case "jwt_bearer":
            try:
                check_key(key.reveal() if key else "")
            except BadKey as error:
                raise CannotConnect(f"{error} Pipe the file in: --secret-stdin < key.json") from None
            return key
        case _:
            return None
