"""Processes that call accounts and renew them, one a round, until they are told to stop; they say what it came to.

They renew as if the API had refused the token: one that is short-lived would end while a busy machine looks elsewhere.
"""

import asyncio
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fakes.practice import surroundings

from evergrant.app import App, open_app
from evergrant.model.account import AccountKey, GrantKey
from evergrant.model.clock import SystemClock
from evergrant.model.outcome import Refused
from evergrant.settings import LOCAL_TENANT, Settings

REST_S = 0.05


@dataclass(frozen=True, slots=True)
class Worked:
    """What a process says at its end."""

    outcomes: Counter[str]
    key_versions: tuple[int, ...]
    """Of the vault's key, as the process knew them in the end."""
    process: int


def call_until_told(home: Path, accounts: list[str], told: Connection) -> None:
    """Call each account in turn; says `ready` after the first round, and what it came to after the last."""
    told.send(asyncio.run(_work(home, accounts, told)))


async def _work(home: Path, accounts: list[str], told: Connection) -> Worked:
    outcomes, clock, turns = Counter[str](), SystemClock(), cycle(accounts)
    async with open_app(Settings(home=home, key_source="file"), surroundings(clock)) as app:
        outcomes += await _round(app, accounts)
        told.send("ready")
        while not told.poll():
            await _renew(app, GrantKey(LOCAL_TENANT, next(turns)))
            outcomes += await _round(app, accounts)
            await clock.sleep(REST_S)
        outcomes += await _round(app, accounts)  # whatever the key became meanwhile, this one has met it
        return Worked(outcomes, tuple(app.vault.ring.ring.keys), os.getpid())


async def _renew(app: App, key: GrantKey) -> None:
    """By an exchange of this process or of another; where the other takes too long, the calls go on with what is."""
    with suppress(Refused):
        await app.tokens.grant(key, newer_than=app.tokens.generation(key))


async def _round(app: App, accounts: list[str]) -> Counter[str]:
    keys = [AccountKey(LOCAL_TENANT, account) for account in accounts]
    found = await asyncio.gather(*(app.executor.execute_tool(key, "sandbox_search_contacts", {}) for key in keys))
    return Counter(getattr(outcome, "code", "result") for outcome in found)
