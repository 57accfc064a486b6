"""Google apps in status Testing: their refresh tokens die seven days after the consent.

Google says so at developers.google.com/identity/protocols/oauth2 ("Refresh token expiration"). A grant of limited life
is told by `refresh_token_expires_in` in the token endpoint's answer, and by its death.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from evergrant.catalog.connector import Connector
from evergrant.doctor.finding import Finding, ok, warning
from evergrant.model.account import ConnectedAccount
from evergrant.model.event import Event
from evergrant.vault.overview import Overview

CHECK = "google testing"
ISSUER = "https://accounts.google.com"
SEVEN_DAYS = timedelta(days=7)
CLOCKS_APART = timedelta(hours=1)
"""The consent is dated by us and the end by seconds from an answer."""
EARLIEST, LATEST = timedelta(days=6, hours=22), timedelta(days=8)
"""A death is found at the next renewal, up to hours after it."""
WHAT_TO_DO = (
    "Publish the app, or make it Internal where all its people are of your Workspace: "
    "https://console.cloud.google.com/auth/audience (Publishing status). Then, once more: evergrant reauth "
)


def testing_mode(seen: Overview, connectors: Mapping[str, Connector], now: datetime) -> Iterator[Finding]:
    """A finding for each account of a Google connector whose grants live for a week."""
    google = {name for name, each in connectors.items() if each.oauth.issuer == ISSUER}
    accounts = [account for account in seen.accounts if account.connector in google]
    found = [finding for account in accounts if (finding := _account(account, seen, now))]
    yield from found
    if accounts and not found:
        yield ok(CHECK, "No Google grant looks like one of an app in status Testing.")


def _account(account: ConnectedAccount, seen: Overview, now: datetime) -> Finding | None:
    grant = next((each for each in seen.grants if each.account.id == account.id), None)
    if grant is None or not (grant.dead or now < grant.consented_at + LATEST):
        return None  # it has outlived a week, so whatever there was is over
    name = f"{account.alias!r} ({account.connector})"
    consents = [account.created_at, grant.consented_at]
    if deaths := _weekly_deaths(consents, [each for each in seen.events if each.account_id == account.id]):
        text = f"{name}: its grant died seven days after the consent (on {deaths[-1]:%Y-%m-%d})"
    elif not grant.dead and grant.refresh_expires_at and _a_week(grant.consented_at, grant.refresh_expires_at):
        end = f"{grant.refresh_expires_at:%Y-%m-%d %H:%M} UTC"
        text = f"{name}: Google says that its grant ends on {end}, a week after the consent"
    else:
        return None
    return warning(CHECK, f"{text}, as those of an app in status Testing do.", WHAT_TO_DO + account.alias)


def _a_week(consented_at: datetime, end: datetime) -> bool:
    return end - consented_at <= SEVEN_DAYS + CLOCKS_APART


def _weekly_deaths(consents: Iterable[datetime], events: Sequence[Event]) -> list[datetime]:
    """When grants died by `invalid_grant` about a week after the consent before; `consents`: those known besides."""
    told = (each.occurred_at for each in events if each.type == "agent.auth.reauth_completed")
    given = sorted([*consents, *told])
    deaths = (each.occurred_at for each in events if each.data.get("error_code") == "invalid_grant")
    return [death for death in deaths if EARLIEST <= death - _last_before(death, given) <= LATEST]


def _last_before(moment: datetime, given: Sequence[datetime]) -> datetime:
    return max((each for each in given if each < moment), default=moment)
