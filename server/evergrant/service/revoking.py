"""Ending the grants of one account at its provider: what would be sent, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from evergrant.catalog.catalog import Catalog, UnknownConnector
from evergrant.catalog.connector import Connector
from evergrant.catalog.declaration import DeclarationError
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.model.grant import Grant
from evergrant.oauth.answer import Rejected
from evergrant.oauth.endpoint import Client, TokenEndpoint
from evergrant.oauth.revocation import Unrevoked
from evergrant.tokens.successor import Successors
from evergrant.vault.connections import Connections
from evergrant.vault.grants import Grants, Held, Renewed
from evergrant.vault.seal import SealBroken

DEADLINE_S = 45.0
"""After this time nothing more is sent for an account: others wait a minute for its lock."""
BACK_OFF_S = 2.0
"""Before the one retry, where the provider asks for no longer pause."""

Ending = Literal["ok", "failed", "unsupported"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent for an account, for how many grants and to where; or why nothing can be."""

    account: ConnectedAccount
    held: tuple[Held, ...] = ()
    orphans: tuple[Grant, ...] = ()
    client: Client | None = None
    endpoint: str | None = None
    help: str | None = None
    """The page for ending it by hand."""
    obstacle: Unrevoked | None = None

    @property
    def outcome(self) -> Ending:
        """What it comes to where the provider does as it is asked."""
        return _ending(self.obstacle)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of ending an account's grants at its provider."""

    account: ConnectedAccount
    outcome: Ending
    why: str | None
    """Why not; None where all are ended."""
    grants: int
    revoked: int
    help: str | None
    """The page for ending it by hand; None where all are ended."""
    access_token_until: datetime | None
    """Until then a token that was issued before goes on to work; None where the provider ends it too."""
    kept: bool = False
    """Whether the account stays here, so that the command can be run again."""


@dataclass(frozen=True, slots=True)
class Revoker:
    """Revokes an account's grants, with one retry; holds back from a host that asked for a pause (Retry-After).

    Callers hold the account's lock: a renewal that came to its end meanwhile would bring a grant that nobody revokes.
    """

    catalog: Catalog
    connections: Connections
    grants: Grants
    endpoint: TokenEndpoint
    successors: Successors
    clock: Clock
    not_before: dict[str, float] = field(default_factory=dict[str, float])
    """By host, in the clock's elapsed seconds."""

    def host(self, account: ConnectedAccount) -> str:
        """Host and port that the account's revocations go to; the connector's name where there is none."""
        connector = self._connector(account)
        endpoint = _expanded(connector, connector.oauth.revocation_endpoint, account) if connector else None
        return urlsplit(endpoint).netloc if endpoint else account.connector

    def plan(self, account: ConnectedAccount) -> Plan:
        """What would be sent; opens every token that it takes, and sends and changes nothing."""
        connector = self._connector(account)
        if connector is None:
            return Plan(account, obstacle=Unrevoked("refused", "its connector is gone or cannot be read"))
        page = _expanded(connector, connector.ending_page, account)
        try:
            return self._plan(connector, account, page)
        except SealBroken:
            return Plan(account, help=page, obstacle=Unrevoked("refused", "its tokens cannot be opened"))

    def _plan(self, connector: Connector, account: ConnectedAccount, page: str | None) -> Plan:
        held = tuple(self.grants.of_account(account.key))
        orphans = tuple(self.grants.orphans_of(account.key))
        connection = self.connections.by_id(account.tenant_id, account.connection_id)
        if connection is None or not held:
            missing = "it has no grant" if connection else "its OAuth client is gone"
            return Plan(account, held, help=page, obstacle=Unrevoked("refused", missing))
        endpoint = _expanded(connector, connector.oauth.revocation_endpoint, account)
        if endpoint is None:
            nowhere = Unrevoked("unsupported", "this provider documents no revocation endpoint")
            return Plan(account, held, help=page, obstacle=nowhere)
        return Plan(account, held, orphans, Client(connector, connection, account.values), endpoint, page)

    async def revoke(self, account: ConnectedAccount) -> Receipt:
        """Revoke all of the account's grants as they are stored now, each whatever became of the others."""
        plan = self.plan(account)
        found = await self._revoke(plan.client, plan) if plan.client else [plan.obstacle]
        refusal = next((each for each in found if each), None)
        return Receipt(
            account=account,
            outcome=_ending(refusal),
            why=refusal.why if refusal else None,
            grants=len(plan.held),
            revoked=sum(each is None for each in found[: len(plan.held)]),
            help=plan.help if refusal else None,
            access_token_until=self._access_token_until(plan),
        )

    async def _revoke(self, client: Client, plan: Plan) -> list[Unrevoked | None]:
        end = self.clock.monotonic() + DEADLINE_S
        found = [await self._revoke_held(client, held, end) for held in plan.held]
        # Of the same consent as a grant above, so mostly ended with it: a provider that does not know it has ended it.
        orphans = [await self._patiently(client, orphan, end) for orphan in plan.orphans]
        return [*found, *(each for each in orphans if each and each.kind == "transient")]

    async def _revoke_held(self, client: Client, held: Held, end: float) -> Unrevoked | None:
        living = await self._living(client, held)
        return living if isinstance(living, Unrevoked) else await self._patiently(client, living, end)

    async def _living(self, client: Client, held: Held) -> Grant | Unrevoked:
        """The grant; a renewed one where the provider revokes by a living access token and this one's has ended."""
        grant, now = held.grant, self.clock.now()
        by_refresh_token = client.connector.oauth.revocation_token == "refresh_token"
        if by_refresh_token or grant.refresh_token is None or not grant.expired(now):
            return grant
        begun, _ = await self.grants.begin(held.key, now, lambda _: True)
        answer = await self.endpoint.refresh(client, grant.refresh_token)
        if isinstance(answer, Rejected):
            return Unrevoked("refused", f"its access token has ended and could not be renewed ({answer.code})")
        successor = self.successors.of(client.connector, answer, grant)
        renewed = Renewed(successor, held.account.values, held.account.scopes_granted)
        await self.grants.commit(begun or held, renewed)
        return successor

    async def _patiently(self, client: Client, grant: Grant, end: float) -> Unrevoked | None:
        first = await self._once(client, grant, end)
        if first is None or first.kind != "transient" or self.clock.monotonic() + BACK_OFF_S >= end:
            return first
        await self.clock.sleep(BACK_OFF_S)
        return await self._once(client, grant, end)

    async def _once(self, client: Client, grant: Grant, end: float) -> Unrevoked | None:
        """One request, once the host may be asked; none where that is after the deadline."""
        host = urlsplit(client.expand(client.connector.oauth.revocation_endpoint or "")).netloc
        while (wait := self._wait_s(host)) > 0:
            if self.clock.monotonic() + wait >= end:
                return Unrevoked("transient", f"the provider wants to be left alone for {wait:.0f} s")
            await self.clock.sleep(wait)
        refusal = await self.endpoint.revoke(client, grant)
        if refusal and refusal.retry_after_s:
            self.not_before[host] = self.clock.monotonic() + refusal.retry_after_s
        return refusal

    def _wait_s(self, host: str) -> float:
        return self.not_before.get(host, 0.0) - self.clock.monotonic()

    def _access_token_until(self, plan: Plan) -> datetime | None:
        if plan.client is None or not plan.client.connector.oauth.revocation_spares_access_token:
            return None
        ends = (held.grant.expires_at for held in plan.held)
        return max((end for end in ends if end and end > self.clock.now()), default=None)

    def _connector(self, account: ConnectedAccount) -> Connector | None:
        try:
            return self.catalog.connector(account.connector)
        except (UnknownConnector, DeclarationError):
            return None


def _expanded(connector: Connector, url: str | None, account: ConnectedAccount) -> str | None:
    """None also where the account lacks a value that the address is made of."""
    try:
        return connector.expand(url, dict(account.values)) if url else None
    except KeyError:
        return None


def _ending(refusal: Unrevoked | None) -> Ending:
    if refusal is None:
        return "ok"
    return "unsupported" if refusal.kind == "unsupported" else "failed"
