"""How many requests a second each tenant may make of this process: a token bucket of its own, so that the flood of one
takes nothing from another."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from evergrant.model.clock import Clock
from evergrant.model.outcome import RateLimited
from evergrant.model.tenant import Rate
from evergrant.store.database import StoreUnavailable

LOOK_AGAIN_S = 10.0
"""So long a tenant's limit holds as it was read: a change needs no restart, and no request reads the database."""
NO_WAIT_S = 1e-6
"""Less than a timer can tell."""


@dataclass(slots=True)
class _Buckets:
    """One tenant's; a level is the time at which its bucket will be full again."""

    rate: Rate | None
    read_at: float
    full_at: float
    knocks_full_at: float


@dataclass(frozen=True, slots=True)
class TenantPace:
    """Admits or refuses requests by tenant.

    Buckets that have been left alone until they were full are forgotten, since new ones are no different: what is
    remembered are the tenants of the last `burst / rate` seconds, ten at least.
    """

    clock: Clock
    rate_of: Callable[[str], Rate | None]
    """A tenant's limit; None is none. Raises StoreUnavailable, and then the last that was read goes on to hold."""
    usual: Rate | None = None
    """Where the limit of a tenant that is new here cannot be read."""
    _tenants: dict[str, _Buckets] = field(default_factory=dict[str, _Buckets])

    @property
    def remembered(self) -> int:
        """How many tenants are remembered."""
        return len(self._tenants)

    def take(self, tenant_id: str) -> float:
        """Take one from the tenant's bucket; 0, or the seconds to wait where it is empty and nothing was taken."""
        now = self.clock.monotonic()
        found = self._of(tenant_id, now)
        wait, found.full_at = _taken(found.rate, found.full_at, now)
        return wait

    def knock(self, tenant_id: str) -> float:
        """As `take`, out of another bucket that holds twice as much: for requests of which nobody knows yet whether
        they will take one of the first, and which are worth an answer in words until there are so many."""
        now = self.clock.monotonic()
        found = self._of(tenant_id, now)
        twice = Rate(2 * found.rate.per_s, 2 * found.rate.burst) if found.rate else None
        wait, found.knocks_full_at = _taken(twice, found.knocks_full_at, now)
        return wait

    def _of(self, tenant_id: str, now: float) -> _Buckets:
        """Put at the end of the table: the first is the one that was left alone for longest."""
        found = self._tenants.pop(tenant_id, None)
        if found is None:
            found = _Buckets(self._rate(tenant_id, self.usual), now, now, now)
        elif now - found.read_at >= LOOK_AGAIN_S:
            found.rate, found.read_at = self._rate(tenant_id, found.rate), now
        self._forget_full(now)
        self._tenants[tenant_id] = found
        return found

    def _rate(self, tenant_id: str, former: Rate | None) -> Rate | None:
        try:
            return self.rate_of(tenant_id)
        except StoreUnavailable:
            return former

    def _forget_full(self, now: float) -> None:
        while self._tenants:
            oldest = next(iter(self._tenants))
            found = self._tenants[oldest]
            if max(found.full_at, found.knocks_full_at, found.read_at + LOOK_AGAIN_S) > now:
                return
            del self._tenants[oldest]


def _taken(rate: Rate | None, full_at: float, now: float) -> tuple[float, float]:
    """Seconds to wait, and when the bucket will then be full again."""
    if rate is None:
        return 0.0, full_at
    wait = full_at - (rate.burst - 1) / rate.per_s - now
    return (wait, full_at) if wait > NO_WAIT_S else (0.0, max(full_at, now) + 1 / rate.per_s)


def too_many(wait_s: float) -> RateLimited:
    """What is said to a caller whose tenant has made too many requests."""
    seconds = math.ceil(wait_s)
    return RateLimited(
        what_happened="Too many requests at once for this tenant. Nothing was sent.",
        what_to_do=f"Call again in {seconds} s, and less often. The operator of this server can raise the limit.",
        retry_after_s=float(seconds),
    )
