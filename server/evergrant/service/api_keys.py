"""Giving out API keys, and knowing who bears one."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from evergrant.model.api_key import ApiKey
from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.model.principal import Principal
from evergrant.model.secret import Secret
from evergrant.vault.accounts import Accounts
from evergrant.vault.api_keys import ApiKeys

PREFIX = "evgk_"
"""By it scanners for leaked secrets know one."""
MOST = 1000
"""Keys of a tenant."""
LONGEST_NAME = 100
SHORTEST_LIFE, LONGEST_LIFE = timedelta(minutes=1), timedelta(days=3650)


class CannotMakeKey(Exception):
    """What was asked for cannot be; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new key is to be for."""

    name: str
    accounts: Sequence[str] | None = None
    """Ids or aliases of connected accounts; None is all."""
    tools: Sequence[str] = ()
    read_only: bool = False
    operator: bool = False
    life: timedelta | None = None
    """None is a key without end."""


@dataclass(frozen=True, slots=True)
class KeyDesk:
    """A tenant's API keys."""

    keys: ApiKeys
    accounts: Accounts
    clock: Clock

    async def make(self, tenant_id: str, wish: Wish) -> tuple[ApiKey, Secret]:
        """A new key and what is borne, which is told this once; raises CannotMakeKey, StoreUnavailable."""
        self._check(tenant_id, wish)
        now = self.clock.now()
        key = ApiKey(
            id=new_id("key", now),
            tenant_id=tenant_id,
            name=wish.name.strip(),
            accounts=self._ids(tenant_id, wish.accounts),
            tools=tuple(wish.tools),
            read_only=wish.read_only,
            operator=wish.operator,
            created_at=now,
            expires_at=now + wish.life if wish.life else None,
        )
        borne = Secret(PREFIX + secrets.token_urlsafe(32))
        if not await self.keys.add(key, _digest(borne.reveal())):
            raise CannotMakeKey(f"There is no tenant {tenant_id!r}, or it is being removed.")
        return key, borne

    def bearer(self, token: str) -> Principal | None:
        """Who bears a token; None where it is no key, or one that has ended. Raises StoreUnavailable."""
        if not token.startswith(PREFIX):
            return None
        key = self.keys.of_digest(_digest(token))
        if key is None or (key.expires_at and key.expires_at <= self.clock.now()):
            return None
        return key.principal()

    def _check(self, tenant_id: str, wish: Wish) -> None:
        if not 0 < len(wish.name.strip()) <= LONGEST_NAME:
            raise CannotMakeKey(f"A key has a name of 1 to {LONGEST_NAME} characters, by which you know it again.")
        if wish.operator and (wish.accounts is not None or wish.tools or wish.read_only):
            raise CannotMakeKey("An operator's key sees everything, so it cannot be limited: leave the limits out.")
        if wish.life is not None and not SHORTEST_LIFE <= wish.life <= LONGEST_LIFE:
            raise CannotMakeKey("A key lives for a minute at least and ten years at most.")
        if len(self.keys.all(tenant_id)) >= MOST:
            raise CannotMakeKey(f"There are {MOST} keys already: end those that nobody uses.")

    def _ids(self, tenant_id: str, names: Sequence[str] | None) -> tuple[str, ...] | None:
        if names is None:
            return None
        found = {name: self.accounts.named(tenant_id, name) for name in names}
        if missing := [name for name, account in found.items() if account is None]:
            raise CannotMakeKey(f"There is no connected account {missing[0]!r}. See which: evergrant accounts list")
        return tuple(sorted(account.id for account in found.values() if account))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
