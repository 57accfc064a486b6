"""What sealing costs a tool call: opening and sealing a grant as a call does it, beside whole calls at the sandbox."""

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlmodel import Session
from tests.bench.provider import provider
from tests.fakes.consent import approve
from tests.fakes.practice import add_client, surroundings

from evergrant.app import App, open_app
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import SystemClock
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Result
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.store.tables import DataKeyRow, GrantRow
from evergrant.vault.data_keys import FieldSealer, Owner

SEALS = 5_000
CALLS = 300
CLOCK = SystemClock()
COLUMNS = ("access_token", "refresh_token")


@dataclass(frozen=True)
class Seals:
    """Medians. One opening, and one sealing, is of both tokens of a grant, the data key's unwrapping included."""

    open_us: float
    seal_us: float
    call_us: float
    """A whole tool call, which opens a grant once."""

    @property
    def share(self) -> float:
        """The part of a call that is sealing and opening, were it to do both."""
        return (self.open_us + self.seal_us) / self.call_us

    def as_json(self) -> JsonObject:
        """Figures as they are, unrounded."""
        return {**asdict(self), "open_and_seal_us": self.open_us + self.seal_us, "share_of_call": self.share}


async def measure_seals(home: Path, seals: int = SEALS, calls: int = CALLS) -> Seals:
    """Measure on a new vault in `home`, against a sandbox in a process of its own."""
    settings = Settings(home=home, key_source="file")
    with provider() as url:
        async with open_app(settings, surroundings(CLOCK)) as app:
            await add_client(app)
            begun = await app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": url})
            account = await app.consent.finish(parse_redirect(await approve(begun.url)))
            spent = [await _call_us(app, account) for _ in range(calls)]
            return Seals(*_seals(app, account, seals), statistics.median(spent))


async def _call_us(app: App, account: ConnectedAccount) -> float:
    began = CLOCK.monotonic()
    outcome = await app.executor.execute_tool(account.key, "sandbox_search_contacts", {})
    ended = CLOCK.monotonic()
    assert isinstance(outcome, Result)
    return 1e6 * (ended - began)


def _seals(app: App, account: ConnectedAccount, times: int) -> tuple[float, float]:
    """Of rows that are read already: the database is no part of it."""
    owner = Owner(account.tenant_id, account.id, account.connector)

    def rows(session: Session) -> tuple[DataKeyRow, GrantRow]:
        return session.get_one(DataKeyRow, owner[:2]), session.get_one(GrantRow, tuple(account.grant_key))

    data_key, grant = app.vault.database.read(rows)
    sealed = {column: bytes(getattr(grant, column)) for column in COLUMNS}

    def fields() -> FieldSealer:
        return app.vault.data_keys.opened(data_key, owner)

    def place(column: str) -> tuple[str, str, int]:
        return grant.credential, column, grant.generation

    clear = {column: fields().open(value, *place(column)) for column, value in sealed.items()}

    def open_both() -> None:
        opening = fields()
        for column, value in sealed.items():
            opening.open(value, *place(column))

    def seal_both() -> None:
        sealing = fields()
        for column, secret in clear.items():
            sealing.seal(secret, *place(column))

    return _median_us(open_both, times), _median_us(seal_both, times)


def _median_us(work: Callable[[], None], times: int) -> float:
    spent = list[float]()
    for _ in range(times):
        began = CLOCK.monotonic()
        work()
        spent.append(CLOCK.monotonic() - began)
    return 1e6 * statistics.median(spent)
