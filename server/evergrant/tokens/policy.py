"""When to renew, when to try again, and when the same refresh token may be sent a second time: pure decisions."""

from datetime import datetime, timedelta
from typing import NamedTuple

from evergrant.catalog.connector import GrantPolicy
from evergrant.model.account import Cause
from evergrant.model.grant import Grant, leeway, renewal_time
from evergrant.oauth.endpoint import EXCHANGE_DEADLINE_S
from evergrant.vault.grants import Held

EARLIEST_SHARE = 0.6
LATEST_SHARE = 0.9
"""Refreshes are spread over this part of a token's life, so that accounts connected together drift apart."""
FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(minutes=20)
SHARE_OF_GRACE = 0.6
SOONEST_IN_GRACE = timedelta(seconds=5)
EXERCISE_AT_LEAST = timedelta(days=1)
"""A grant whose idle life is not known is used at least so often, so that its death is found by us."""
SHORTEST_USE = timedelta(milliseconds=250)
"""A token that ends sooner would be refused on its way."""
LONGEST_NOTICE = timedelta(days=7)
NOTICE_SHARE = 0.2
LONGEST_RETRY_AFTER = timedelta(days=1)
"""A provider may ask for this much patience; a mistaken header must not ask for years."""


class Renewal(NamedTuple):
    """When a grant is renewed ahead of time, and from when its provider allows it."""

    refresh_at: datetime
    renew_from: datetime | None


def retry_at(attempts: int, now: datetime, retry_after_s: float | None) -> datetime:
    """When to try again after `attempts` failures in a row; never before the provider's own Retry-After."""
    doublings: int = 2 ** min(attempts, 10)
    backoff = min(FIRST_RETRY * doublings, LONGEST_RETRY)
    asked = min(timedelta(seconds=min(retry_after_s or 0, 1e6)), LONGEST_RETRY_AFTER)
    return now + max(backoff, asked)


def next_try(
    policy: GrantPolicy, held: Held, now: datetime, retry_after_s: float | None, *, may_be_spent: bool
) -> datetime:
    """When to try again after a failure: backing off, but while a spent token still works, before its grace ends."""
    again = retry_at(held.attempts, now, retry_after_s)
    left = (held.intent_at or now) + timedelta(seconds=policy.grace_s) - now
    if retry_after_s or not (may_be_spent or held.intent_at) or left <= timedelta(0):
        return again
    return min(again, now + max(left * SHARE_OF_GRACE, SOONEST_IN_GRACE))


def rotates(policy: GrantPolicy, held: Held) -> bool:
    """Whether an exchange may end the refresh token that it sends.

    What the provider does overrules the table: where its last answer brought another refresh token, it rotates. That
    it brought the same one again proves nothing of the next.
    """
    return policy.rotation != "never" or held.previous not in (None, held.grant.refresh_token)


def resend_at(
    policy: GrantPolicy,
    held: Held,
    now: datetime,
    deadline_s: float = EXCHANGE_DEADLINE_S,
    locked_at: datetime | None = None,
) -> datetime | None:
    """From when this generation's refresh token may be sent again; None where it was not sent yet.

    A token that never rotates may be sent at any time. A rotating one not before the first request can no longer be
    under way; and without a grace, or after it, only when the access token is about to end: if the first request was
    carried out, the second one makes the loss known, so there is no hurry. A predecessor may have sent its request at
    any time until the lock was ours, `locked_at`, so the wait counts from then.
    """
    if held.intent_at is None:
        return None
    if not rotates(policy, held):
        return held.intent_at
    last_sent = held.sent_at or held.intent_at
    settled = max(last_sent, locked_at or last_sent) + timedelta(seconds=deadline_s)
    within_grace = max(settled, now) < held.intent_at + timedelta(seconds=policy.grace_s)
    return settled if within_grace else max(settled, last_chance(held.grant) or settled)


def last_chance(grant: Grant) -> datetime | None:
    """When the access token stops being good for a new call; None where its end is not known."""
    return None if grant.expires_at is None else grant.expires_at - leeway(grant.issued_at, grant.expires_at)


def renewal(policy: GrantPolicy, issued_at: datetime, expires_at: datetime | None, share: float) -> Renewal:
    """When a renewable grant is to be renewed; `share` (0.6 to 0.9) says where within what is allowed."""
    idle = timedelta(seconds=policy.refresh_token_idle_s) / 2 if policy.refresh_token_idle_s else EXERCISE_AT_LEAST
    exercise_by = issued_at + idle
    if expires_at is None:
        return Renewal(exercise_by, None)
    if policy.refresh_window_s is None:
        return Renewal(min(renewal_time(issued_at, expires_at, share), exercise_by), None)
    window = min(timedelta(seconds=policy.refresh_window_s), expires_at - issued_at)
    return Renewal(expires_at - window * (1 - share), expires_at - window)


def floor(policy: GrantPolicy, held: Held, now: datetime, deadline_s: float = EXCHANGE_DEADLINE_S) -> datetime | None:
    """Until when the next generation may not be exchanged; None where it may at once.

    After a re-send, a straggler of the first request may still arrive: two generations later it would look like a
    theft. And some providers ask for a pause between exchanges.
    """
    settled = now + timedelta(seconds=deadline_s) if held.intent_at and rotates(policy, held) else None
    asked = now + timedelta(seconds=policy.min_exchange_interval_s) if policy.min_exchange_interval_s else None
    return max((moment for moment in (settled, asked) if moment), default=None)


def refresh_token_end(policy: GrantPolicy, stated: datetime | None, consented_at: datetime | None) -> datetime | None:
    """When a person will have to consent again, however often the grant is used; None where that is not known.

    `stated` is what the provider's answer said.
    """
    absolute = policy.refresh_token_absolute_s
    by_table = consented_at + timedelta(seconds=absolute) if consented_at and absolute else None
    return min((end for end in (stated, by_table) if end), default=None)


def ends_soon(end: datetime, consented_at: datetime, now: datetime) -> bool:
    """Whether it is time to say so: a week before, or the last fifth of a short life."""
    return now >= end - min(LONGEST_NOTICE, (end - consented_at) * NOTICE_SHARE)


def serves(held: Held, newer_than: int, now: datetime) -> bool:
    """Whether a call may be made with this grant, its leeway gone or not: newer than the one refused, and alive."""
    return held.grant.generation > newer_than and not held.grant.expired(now + SHORTEST_USE)


def cause_of_death(policy: GrantPolicy, held: Held, later_consents: int, now: datetime) -> Cause:
    """Why a provider calls a grant dead, as far as what we know tells.

    `later_consents` are those of the same person to the same OAuth client since this one: a provider with a limit ends
    the oldest.
    """
    if held.intent_at is not None and rotates(policy, held):
        return "rotation_lost"
    if _over(held.grant.issued_at, policy.refresh_token_idle_s, now):
        return "idle_expired"
    if _over(held.consented_at, policy.refresh_token_absolute_s, now):
        return "absolute_expired"
    limit = policy.grants_per_user_and_client
    return "grant_evicted" if limit is not None and later_consents >= limit else "revoked"


def _over(since: datetime | None, life_s: int | None, now: datetime) -> bool:
    return since is not None and life_s is not None and now - since >= timedelta(seconds=life_s)
