"""When to renew, when to try again, and when the same refresh token may be sent a second time: pure decisions."""

from datetime import datetime, timedelta

from evergrant.catalog.connector import GrantPolicy
from evergrant.model.grant import Grant, leeway
from evergrant.oauth.endpoint import EXCHANGE_DEADLINE_S
from evergrant.vault.grants import Held

EARLIEST_SHARE = 0.6
LATEST_SHARE = 0.9
"""Refreshes are spread over this part of a token's life, so that accounts connected together drift apart."""
FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(minutes=10)
LONGEST_RETRY_AFTER = timedelta(days=1)
"""A provider may ask for this much patience; a mistaken header must not ask for years."""


def retry_at(attempts: int, now: datetime, retry_after_s: float | None) -> datetime:
    """When to try again after `attempts` failures in a row; never before the provider's own Retry-After."""
    doublings: int = 2 ** min(attempts, 10)
    backoff = min(FIRST_RETRY * doublings, LONGEST_RETRY)
    asked = min(timedelta(seconds=min(retry_after_s or 0, 1e6)), LONGEST_RETRY_AFTER)
    return now + max(backoff, asked)


def resend_at(policy: GrantPolicy, held: Held, now: datetime) -> datetime | None:
    """From when this generation's refresh token may be sent again; None where it was not sent yet.

    A token that never rotates may be sent at any time. A rotating one not before the first request can no longer be
    under way; and without a grace, or after it, only when the access token is about to end: if the first request was
    carried out, the second one makes the loss known, so there is no hurry.
    """
    if held.intent_at is None:
        return None
    if policy.rotation == "never":
        return held.intent_at
    settled = held.intent_at + timedelta(seconds=EXCHANGE_DEADLINE_S)
    within_grace = max(settled, now) < held.intent_at + timedelta(seconds=policy.grace_s)
    return settled if within_grace else max(settled, last_chance(held.grant) or settled)


def last_chance(grant: Grant) -> datetime | None:
    """When the access token stops being good for a new call; None where its end is not known."""
    return None if grant.expires_at is None else grant.expires_at - leeway(grant.issued_at, grant.expires_at)
