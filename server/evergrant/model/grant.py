"""What a provider issued, and when it must be renewed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from evergrant.model.secret import Secret

SHORTEST_LEEWAY = timedelta(seconds=30)
LEEWAY_SHARE = 0.05
CLOCKS_APART = timedelta(seconds=5)
"""So far the clocks of two machines, or of two processes, may differ without a reason for alarm."""
LARGEST_LEEWAY_SHARE = 0.4
"""Five-minute and shorter tokens keep most of their life: a fixed margin would leave them none."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The tokens of one account; `generation` rises by one at each exchange or consent."""

    generation: int
    access_token: Secret
    refresh_token: Secret | None
    issued_at: datetime
    expires_at: datetime | None
    refresh_at: datetime | None
    renew_from: datetime | None = None
    """Where the provider renews only near the end: not before this."""
    refresh_expires_at: datetime | None = None
    """When the refresh token itself ends, where an answer said so."""

    def expired(self, now: datetime) -> bool:
        """Whether the access token is known to have ended."""
        return self.expires_at is not None and now >= self.expires_at

    def usable(self, now: datetime) -> bool:
        """Whether a call may start with this token: it lives, and beyond the leeway if it can be renewed now.

        One of the future was issued under a wrong clock, so its age is not known.
        """
        renewable = self.refresh_token is not None and (self.renew_from is None or now >= self.renew_from)
        if self.expires_at is None or not renewable:
            return not self.expired(now)
        return self.issued_at <= now + CLOCKS_APART and now + leeway(self.issued_at, self.expires_at) < self.expires_at


def leeway(issued_at: datetime, expires_at: datetime) -> timedelta:
    """How long before its end a token counts as spent: 30 s or 5 % of the life, never more than 40 % of it."""
    life = max(expires_at - issued_at, timedelta(0))
    return min(max(SHORTEST_LEEWAY, life * LEEWAY_SHARE), life * LARGEST_LEEWAY_SHARE)


def renewal_time(issued_at: datetime, expires_at: datetime, share: float) -> datetime:
    """When to refresh ahead of time: `share` (0 to 1) into the life.

    The share is drawn once per generation and the time stored: drawing again at every look could put it off for ever.
    """
    return issued_at + (expires_at - issued_at) * share
