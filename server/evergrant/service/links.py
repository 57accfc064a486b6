"""Links to consent pages of ours: made for the one who asks, opened by the one who is to consent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.model.link import Claims, Link, Purpose
from evergrant.model.secret import Secret
from evergrant.service.connect import Connect, Wish
from evergrant.vault.accounts import Accounts
from evergrant.vault.authorizations import closes
from evergrant.vault.link_seal import LinkSeal, link_hash
from evergrant.vault.seal import SealBroken

LIFE = timedelta(minutes=30)
REAUTH_LIFE = timedelta(hours=24)
"""A grant that died over night is met in the morning."""
TICKET_LIFE = timedelta(seconds=60)
PATHS: Mapping[Purpose, str] = {
    "connect": "connect",
    "step_up": "connect",
    "reauth": "reconnect",
    "approve": "approve",
}
CONSENTS = frozenset(path for purpose, path in PATHS.items() if purpose != "approve")
"""The paths of links that lead to a consent."""


class LinkRefused(Exception):
    """A link leads nowhere; the message says why, and what to do."""


class ForeignLink(LinkRefused):
    """It was not made by this vault for a tenant that is served here."""


class ExpiredLink(LinkRefused):
    """Its time is over."""


class UsedLink(LinkRefused):
    """What it was for was done, or was called off."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links without writing anything, and says what one stands for."""

    seal: LinkSeal
    connect: Connect
    accounts: Accounts
    clock: Clock
    url: str
    """Where browsers reach the pages."""
    asks_code: bool
    """False where the tenant's back end proves who the person is."""

    def reauth(self, key: AccountKey) -> Link:
        """The link at which the account's person renews its grant."""
        return self.made(self.to_reauth(key))

    def step_up(self, account: ConnectedAccount, missing: tuple[str, ...]) -> Link:
        """The link at which the account's person adds scopes to those that were granted."""
        scopes = tuple(dict.fromkeys((*account.scopes_granted, *missing)))
        return self.made(self._of_account("step_up", account.key, scopes, LIFE))

    def to_reauth(self, key: AccountKey, scopes: tuple[str, ...] = (), life: timedelta = REAUTH_LIFE) -> Claims:
        """What a reconnect link stands for; the scopes of last time where none are given."""
        return self._of_account("reauth", key, scopes, life)

    def to_connect(
        self,
        tenant_id: str,
        connector: str,
        alias: str | None,
        values: Mapping[str, str],
        *,
        scopes: tuple[str, ...] = (),
        life: timedelta = LIFE,
    ) -> Claims:
        """What a connect link stands for; `Connect.wish` says first whether it can be asked for."""
        ends = self.clock.now() + life
        return Claims("connect", tenant_id, ends, connector=connector, scopes=scopes, alias=alias, values=values)

    def made(self, claims: Claims, origin: str | None = None) -> Link:
        """The link, at another origin than the server's where one is given."""
        handle = self.seal.seal(claims)
        code = self.seal.code(handle) if self.asks_code else None
        return Link(f"{origin or self.url}/{PATHS[claims.purpose]}/{handle}", code)

    def coded(self, claims: Claims) -> Link:
        """The link, always with its code."""
        handle = self.seal.seal(claims)
        return Link(f"{self.url}/{PATHS[claims.purpose]}/{handle}", self.seal.code(handle))

    def ticket(self, handle: str) -> Secret:
        """What opens the page of a link without its code: for a browser that we open ourselves, at once."""
        return self.seal.ticket(handle, self.clock.now() + TICKET_LIFE)

    def read(self, handle: str) -> Claims:
        """What a link of this vault stands for, whatever has become of it; raises ForeignLink."""
        try:
            return self.seal.open(handle)
        except (SealBroken, ValueError):
            raise ForeignLink("This link was not made here, or a part of it is missing.") from None

    def opened(self, handle: str) -> Claims:
        """What a link to a consent that can be used stands for; raises LinkRefused."""
        claims = self.read(handle)
        if claims.purpose == "approve":
            raise ForeignLink("This link was made for another place than this.")
        if self.clock.now() >= claims.expires_at:
            raise ExpiredLink(f"This link was good until {_utc(claims.expires_at)}.")
        begun = self.connect.of_link(claims.tenant_id, link_hash(handle))
        if any(closes(each, claims.account_id) for each in begun):
            raise UsedLink("What this link was for was done already, or called off.")
        if claims.account_id is None:
            return claims
        consents = self.accounts.consents(AccountKey(claims.tenant_id, claims.account_id))
        if consents == 0:
            raise UsedLink("The account that this link was for was removed.")
        if consents != claims.consents:
            raise UsedLink("The account was connected anew since this link was made.")
        return claims

    def wish(self, claims: Claims) -> Wish:
        """What a link's consent would ask for; raises CannotConnect, UnknownConnector, UsedLink."""
        if claims.account_id is None:
            return self.connect.wish(
                claims.tenant_id, claims.connector or "", claims.alias, claims.values, claims.scopes
            )
        account = self.account(claims.tenant_id, claims.account_id)
        if account is None:
            raise UsedLink("The account that this link was for was removed.")
        return self.connect.wish_reauth(account, claims.scopes)

    def account(self, tenant_id: str, account_id: str | None) -> ConnectedAccount | None:
        """The tenant's account of that id."""
        return self.accounts.get(AccountKey(tenant_id, account_id)) if account_id else None

    def _of_account(self, purpose: Purpose, key: AccountKey, scopes: tuple[str, ...], life: timedelta) -> Claims:
        ends = self.clock.now() + life
        consents = self.accounts.consents(key)
        return Claims(purpose, key.tenant_id, ends, account_id=key.account_id, consents=consents, scopes=scopes)


def handle_of(link: Link) -> str:
    """The opaque part of a link's address."""
    return link.url.rpartition("/")[2]


def span(left: timedelta) -> str:
    """How long a link is still good, as it is told to a person."""
    minutes = max(int(left.total_seconds() // 60), 1)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
