"""The two who are not tormented: the person who connects and reconnects accounts, and the one who looks at the end."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
from tests.soak.plan import ACCOUNTS, REDIRECT_URI, SECRET, Policy
from tests.soak.record import Called, Held, Journal, Told
from tests.soak.worker import Account, Shift, Vault, call, opened
from typing_extensions import override

from evergrant.app import App
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import SystemClock
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT

LOOK_S = 0.5
LATER = timedelta(minutes=20)
"""Longer than any back-off of the engine."""
ALL_EVENTS = 1_000_000


def connect(vault: Vault, policies: tuple[Policy, ...], origin: str, journal: Path) -> None:
    """Add the clients and connect the accounts; each is written down as it is now."""
    asyncio.run(_connect(vault, policies, origin, Journal(journal)))


def reconnect(shift: Shift) -> None:
    """Renew the grants that are asked for, until the shift ends; each consent is written down."""
    asyncio.run(_reconnect(shift))


def look(vault: Vault, accounts: tuple[Account, ...], found: Path, events: Path) -> None:
    """Give each account one more exchange, and write down the accounts and the events as they are then.

    Seen from later, so that every back-off and every token is over.
    """
    asyncio.run(_look(vault, accounts, Journal(found), Journal(events)))


def integrity(vault: Vault) -> str:
    """What SQLite says of the vault's file: `ok`, or what is wrong."""
    with closing(sqlite3.connect(vault.home / "vault.db")) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


class LaterClock(SystemClock):
    """The machine's clocks, with the time of day put forward."""

    @override
    def now(self) -> datetime:
        return super().now() + LATER


async def _connect(vault: Vault, policies: tuple[Policy, ...], origin: str, journal: Journal) -> None:
    async with opened(vault, "person", SystemClock()) as app:
        for policy in policies:
            await app.registry.add(
                LOCAL_TENANT,
                policy.name,
                client_id=policy.name,
                client_secret=Secret(SECRET),
                redirect_uri=REDIRECT_URI,
            )
            for number in range(ACCOUNTS):
                alias = f"{policy.rotation}-{number}"
                begun = await app.connect.begin(LOCAL_TENANT, policy.name, alias, {"origin": origin})
                account = await _consent(app, begun.url, alias)
                journal.write(_held(app, account, "connected"))


async def _reconnect(shift: Shift) -> None:
    clock, journal = SystemClock(), Journal(shift.journal)
    async with opened(shift.vault, shift.worker, clock) as app:
        while shift.goes_on(clock):
            for account in app.accounts.all(LOCAL_TENANT):
                if account.state == "reauth_required":
                    journal.write(await _renew(app, account, shift.worker))
            await clock.sleep(LOOK_S)


async def _renew(app: App, account: ConnectedAccount, worker: str) -> Called:
    begun = await app.connect.begin_reauth(account)
    try:
        await _consent(app, begun.url, account.alias)
    except ConsentFailed:  # the provider's faults strike here too
        return Called(worker, _policy(account), "consent_failed")
    return Called(worker, _policy(account), "consent")


async def _consent(app: App, url: str, user: str) -> ConnectedAccount:
    async with httpx2.AsyncClient(trust_env=False) as browser:
        page = await browser.get(f"{url}&auto=approve&user={user}")
    return await app.consent.finish(parse_redirect(page.headers["Location"]))


async def _look(vault: Vault, accounts: tuple[Account, ...], found: Journal, events: Journal) -> None:
    async with opened(vault, "last", LaterClock()) as app:
        settled = [(await call(app, account, "last")).code for account in accounts]
        for account, code in zip(accounts, settled, strict=True):
            stored = app.accounts.get(account.key)
            if stored is not None:
                found.write(_held(app, stored, code))
        for event in app.outbox.after(LOCAL_TENANT, 0, ALL_EVENTS):
            events.write(Told(event.account_id, event.type, event.data.get("cause")))


def _held(app: App, account: ConnectedAccount, settled: str) -> Held:
    generation = app.tokens.generation(account.grant_key)
    return Held(account.id, _policy(account), account.state, account.cause, generation, settled)


def _policy(account: ConnectedAccount) -> str:
    return account.connector.removeprefix("soak_")
