"""What a person wants to know of, and do with, a connected account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from evergrant.catalog.catalog import Catalog, UnknownConnector
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.tool import Tool
from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.service.revoking import Revoker
from evergrant.store.locks import AccountLocks, LockBusy
from evergrant.tokens.policy import refresh_token_end
from evergrant.vault.account_lists import AccountLists
from evergrant.vault.accounts import Accounts, AliasTaken
from evergrant.vault.grants import Grants, Held

GONE = "The account was removed meanwhile."


class NoSuchAccount(LookupError):
    """The tenant has no account of that id or alias."""


class CannotRename(Exception):
    """The alias is taken or cannot be one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An account with its clocks and its tools."""

    account: ConnectedAccount
    issued_at: datetime | None
    access_expires_at: datetime | None
    next_refresh_at: datetime | None
    refresh_token: bool
    refresh_token_ends_at: datetime | None
    """None where the provider documents no end."""
    stated_end: datetime | None
    """When the refresh token ends as the provider's last answer had it."""
    tools_ready: int
    tools_waiting: dict[str, tuple[str, ...]]
    """Tools that lack scopes, with the scopes that they lack."""
    first_tool: str | None
    last_error: str | None = None
    """Why the last exchange failed, where none has succeeded since."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What came of taking an account away."""

    account: ConnectedAccount
    revoked_at_provider: bool
    why_not: str | None
    help: str | None = None
    """The page for ending the grant by hand, where it lives on."""


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """Looking up, naming and taking away a tenant's accounts."""

    catalog: Catalog
    accounts: Accounts
    lists: AccountLists
    grants: Grants
    locks: AccountLocks
    revoker: Revoker

    def find(self, tenant_id: str, name: str) -> ConnectedAccount:
        """The tenant's account of that id or alias; raises NoSuchAccount."""
        found = self.accounts.named(tenant_id, name)
        if found is None:
            raise NoSuchAccount(f"There is no account {name!r}. List them: evergrant accounts list")
        return found

    def standing(self, account: ConnectedAccount) -> Standing:
        """How the account stands now."""
        held = self.grants.load(account.grant_key)
        grant = held.grant if held else None
        tools = self._tools(account.connector)
        waiting = self._waiting(account, tools)
        ready = [name for name in tools if name not in waiting]
        return Standing(
            account=account,
            issued_at=grant.issued_at if grant else None,
            access_expires_at=grant.expires_at if grant else None,
            next_refresh_at=grant.refresh_at if grant else None,
            refresh_token=grant is not None and grant.refresh_token is not None,
            refresh_token_ends_at=self._refresh_token_end(held) if held else None,
            stated_end=grant.refresh_expires_at if grant else None,
            last_error=held.last_error if held else None,
            tools_ready=len(ready),
            tools_waiting=waiting,
            first_tool=next((name for name in ready if tools[name].effect == "read"), None),
        )

    def _waiting(self, account: ConnectedAccount, tools: Mapping[str, Tool]) -> dict[str, tuple[str, ...]]:
        """The scopes that tools lack, where they lack any."""
        if not tools:
            return {}
        lacking, granted = self.catalog.connector(account.connector).oauth.lacking, account.scopes_granted
        return {name: found for name, tool in tools.items() if (found := lacking(tool.scopes, granted))}

    def _tools(self, connector: str) -> Mapping[str, Tool]:
        """None where the connector is gone or its files are broken: the account can still be seen and removed."""
        try:
            return self.catalog.tools(connector)
        except (UnknownConnector, DeclarationError):
            return {}

    async def rename(self, key: AccountKey, alias: str) -> None:
        """Give the account another alias; raises CannotRename, NoSuchAccount where it has gone."""
        if not alias.strip() or alias.startswith("conn_"):
            raise CannotRename(f"{alias!r} cannot be an alias: it must not be blank and must not look like an id.")
        try:
            there = await self.accounts.rename(key, alias)
        except AliasTaken:
            raise CannotRename(f"Another account is called {alias!r} already.") from None
        if not there:
            raise NoSuchAccount(GONE)

    async def pause(self, key: AccountKey, *, paused: bool) -> None:
        """Let no call of the account through any more, or let them through again; its grant is kept alive meanwhile.

        Raises NoSuchAccount where it has gone.
        """
        if not await self.lists.pause(key, paused=paused):
            raise NoSuchAccount(GONE)

    async def remove(self, account: ConnectedAccount, *, at_provider: bool) -> Removal:
        """Revoke the grants at the provider if asked (RFC 7009), then delete them here whatever the provider said.

        Under the account's lock: a renewal that came to its end in between would bring a grant that nobody revokes.
        """
        try:
            async with self.locks.hold(account.key):
                return await self._remove(account, at_provider=at_provider)
        except LockBusy:
            return await self._remove(account, at_provider=at_provider)

    async def _remove(self, account: ConnectedAccount, *, at_provider: bool) -> Removal:
        receipt = await self.revoker.revoke(account) if at_provider else None
        await self.accounts.remove(account.key)
        await self.accounts.empty_log()
        if receipt is None:
            return Removal(account, revoked_at_provider=False, why_not="not asked for")
        return Removal(account, receipt.outcome == "ok", receipt.why, receipt.help)

    def _refresh_token_end(self, held: Held) -> datetime | None:
        """When the refresh token ends if it is left alone, or at the latest."""
        try:
            policy = self.catalog.connector(held.account.connector).grant
        except (UnknownConnector, DeclarationError):
            return None
        idle = policy.refresh_token_idle_s
        unused = held.grant.issued_at + timedelta(seconds=idle) if idle else None
        at_the_latest = refresh_token_end(policy, held.grant.refresh_expires_at, held.consented_at)
        return min((end for end in (unused, at_the_latest) if end), default=None)
