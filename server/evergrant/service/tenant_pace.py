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
class _Bucket:
    """Its level, as the time at which it will be full again."""

    rate: Rate | None
    read_at: float
    full_at: float
    refusals_gone_at: float
    """The level of another one, out of which refusals are taken."""


@dataclass(frozen=True, slots=True)
class TenantPace:
    """Admits or refuses requests by tenant.

    A bucket that has been left alone until it was full is forgotten, since a new one is no different: what is
    remembered are the tenants of the last `burst / rate` seconds, ten at least.
    """

    clock: Clock
    rate_of: Callable[[str], Rate | None]
    """A tenant's limit; None is none. Raises StoreUnavailable, and then the last that was read goes on to hold."""
    usual: Rate | None = None
    """Where the limit of a tenant that is new here cannot be read."""
    _buckets: dict[str, _Bucket] = field(default_factory=dict[str, _Bucket])

    def __len__(self) -> int:
        """How many buckets are remembered."""
        return len(self._buckets)

    def take(self, tenant_id: str) -> float:
        """Take one from the tenant's bucket; 0, or the seconds to wait where it is empty and nothing was taken."""
        now = self.clock.monotonic()
        bucket = self._bucket(tenant_id, now)
        if bucket.rate is None:
            return 0.0
        wait = bucket.full_at - (bucket.rate.burst - 1) / bucket.rate.per_s - now
        if wait > NO_WAIT_S:
            bucket.refusals_gone_at = max(bucket.refusals_gone_at, now) + 1 / bucket.rate.per_s
            return wait
        bucket.full_at = max(bucket.full_at, now) + 1 / bucket.rate.per_s
        return 0.0

    def flooded_s(self, tenant_id: str) -> float:
        """Seconds for which a tenant that goes on in spite of refusals is to be turned away unheard; 0 is none."""
        now = self.clock.monotonic()
        bucket = self._buckets.get(tenant_id)
        if bucket is None or bucket.rate is None:
            return 0.0
        wait = bucket.refusals_gone_at - (bucket.rate.burst - 1) / bucket.rate.per_s - now
        return wait if wait > NO_WAIT_S else 0.0

    def _bucket(self, tenant_id: str, now: float) -> _Bucket:
        """The tenant's, put at the end of the table: the first is the one that was left alone for longest."""
        bucket = self._buckets.pop(tenant_id, None)
        if bucket is None:
            bucket = _Bucket(self._rate(tenant_id, self.usual), now, now, now)
        elif now - bucket.read_at >= LOOK_AGAIN_S:
            bucket.rate, bucket.read_at = self._rate(tenant_id, bucket.rate), now
        self._forget_full(now)
        self._buckets[tenant_id] = bucket
        return bucket

    def _rate(self, tenant_id: str, former: Rate | None) -> Rate | None:
        try:
            return self.rate_of(tenant_id)
        except StoreUnavailable:
            return former

    def _forget_full(self, now: float) -> None:
        while self._buckets:
            oldest = next(iter(self._buckets))
            bucket = self._buckets[oldest]
            left_alone = max(bucket.full_at, bucket.refusals_gone_at, bucket.read_at + LOOK_AGAIN_S)
            if left_alone > now:
                return
            del self._buckets[oldest]


def too_many(wait_s: float) -> RateLimited:
    """What is said to a caller whose tenant has made too many requests."""
    seconds = math.ceil(wait_s)
    return RateLimited(
        what_happened="Too many requests at once for this tenant. Nothing was sent.",
        what_to_do=f"Call again in {seconds} s, and less often. The operator of this server can raise the limit.",
        retry_after_s=float(seconds),
    )
