"""What follows from an attempt that failed: when to try again, how long to leave the receiver alone, when to give up.

The schedule is that of Standard Webhooks. A delivery has its own; beside it a receiver that fails several times in a
row is left alone for a while and then probed by one delivery, another one each time, while all others wait.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from evergrant.events.send import Reply
from evergrant.vault.deliveries import Claim, Setback

MINUTE, HOUR = 60.0, 3600.0
SCHEDULE_S = (0, 5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Before the first attempt, the second, and so on; then an event is given up (a dead letter)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How failures are met; `random` spreads what fails together."""

    random: random.Random
    schedule_s: tuple[float, ...] = SCHEDULE_S
    jitter: float = 0.2
    """A wait is longer by up to this share."""
    opens_after: int = 3
    """Failures in a row after which a receiver is left alone."""
    probe_s: float = 5.0
    longest_probe_s: float = 5 * MINUTE
    longest_retry_after_s: float = 24 * HOUR
    gives_up_after: timedelta = timedelta(days=5)
    """Of nothing but failures, after which the endpoint is disabled."""

    def after(self, claim: Claim, reply: Reply, now: datetime) -> Setback:
        """What to do now that this attempt has failed."""
        asked = min(reply.retry_after_s or 0.0, self.longest_retry_after_s)
        failed = claim.attempts + 1
        due_at = None
        if failed < len(self.schedule_s):
            due_at = now + timedelta(seconds=max(self._spread(self.schedule_s[failed]), asked))
        alone_s = max(self._probe_s(claim.endpoint.failures + 1), asked)
        not_before = now + timedelta(seconds=alone_s) if alone_s else None
        return Setback(reply.error, due_at, not_before, self._disable(claim, reply, now))

    def _spread(self, seconds: float) -> float:
        return seconds * self.random.uniform(1, 1 + self.jitter)

    def _probe_s(self, failures: int) -> float:
        """Doubles with each failure."""
        over = failures - self.opens_after
        return 0.0 if over < 0 else self._spread(min(self.probe_s * 2 ** min(over, 32), self.longest_probe_s))

    def _disable(self, claim: Claim, reply: Reply, now: datetime) -> str | None:
        if reply.gone:
            return "the receiver answered 410 Gone"
        since = claim.endpoint.failing_since
        if since is not None and now - since >= self.gives_up_after:
            return f"nothing but failures for {(now - since).days} days, the last one {reply.error}"
        return None
