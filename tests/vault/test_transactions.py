"""Every write of every store is one transaction that begins with BEGIN IMMEDIATE, and nothing is written outside one.
Every query of every store names the tenant, but for those that are for all tenants on purpose.

The stores and their methods are found by looking, so that a new one fails here until it is driven too.
"""

import importlib
import inspect
import pkgutil
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from tests.fakes.clock import ManualClock
from tests.fakes.tenant_statements import unbound
from tests.vault.conftest import no_keychain
from tests.vault.samples import (
    START,
    account,
    audit_record,
    death,
    endpoint,
    grant,
    held_call,
    kept_result,
    renewed,
)
from tests.vault.test_authorizations import STATE, consent
from tests.vault.test_tenants import rows_of

import evergrant.vault
from evergrant.model.account import Connection
from evergrant.model.api_key import ApiKey
from evergrant.model.audit import AuditFilter
from evergrant.model.event import connection_faulted
from evergrant.model.outcome import Result
from evergrant.model.secret import Secret
from evergrant.model.tenant import Tenant
from evergrant.store.database import BUSY_TIMEOUT_MS, Database, TenantGone
from evergrant.vault.account_lists import AccountLists
from evergrant.vault.accounts import Accounts
from evergrant.vault.agenda import Agenda
from evergrant.vault.api_keys import ApiKeys
from evergrant.vault.audit import AuditLog
from evergrant.vault.authorizations import Authorizations
from evergrant.vault.census import Census
from evergrant.vault.connections import Connections
from evergrant.vault.decisions import Decisions
from evergrant.vault.deliveries import Claim, Deliveries, Setback
from evergrant.vault.endpoints import Endpoints
from evergrant.vault.grants import Grants, Held
from evergrant.vault.held_calls import KeptCalls
from evergrant.vault.idempotency import KeptAnswer, KeptAnswers, RequestKey
from evergrant.vault.kept_results import KeptResults
from evergrant.vault.outbox import Outbox
from evergrant.vault.rotation import Rotation
from evergrant.vault.tenants import Tenants
from evergrant.vault.vault import Vault, open_vault

pytestmark = pytest.mark.anyio
KEY = account().grant_key
CONNECTION = Connection("client_1", "tnt_a", "sandbox", "abc", Secret("of-this-client"), "http://x/callback", (), START)
HOOK, SIGNING = endpoint(), Secret("whsec_of-this-endpoint")
DONE = Result(account="conn_1", label="Ada", content=None)
REQUEST, ANSWER = RequestKey("tnt_a", "once_1"), KeptAnswer(200, "application/json", "{}")
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP")
HARMLESS = ("SELECT", "PRAGMA")


@dataclass
class Trace:
    """What each connection to SQLite has sent, in order, as SQLite itself tells it."""

    sent: dict[int, list[str]] = field(default_factory=dict[int, list[str]])

    def connected(self, connection: sqlite3.Connection, _record: object) -> None:
        statements = self.sent.setdefault(len(self.sent), [])
        connection.set_trace_callback(statements.append)

    def transactions(self) -> list[list[str]]:
        """The transactions, each from its beginning to its end; a statement outside of one stands alone."""
        found: list[list[str]] = []
        for statements in self.sent.values():
            under_way: list[str] | None = None
            for statement in statements:
                if statement.startswith("BEGIN"):
                    assert under_way is None
                    under_way = []
                    found.append(under_way)
                (found.append([statement]) if under_way is None else under_way.append(statement))
                if statement in {"COMMIT", "ROLLBACK"}:
                    under_way = None
        return found

    def clear(self) -> None:
        for statements in self.sent.values():
            statements.clear()


@dataclass(frozen=True)
class Stores:
    """All stores on one vault that has an account, a connection and a consent."""

    accounts: Accounts
    authorizations: Authorizations
    connections: Connections
    agenda: Agenda
    grants: Grants
    outbox: Outbox
    endpoints: Endpoints
    deliveries: Deliveries
    calls: KeptCalls
    decisions: Decisions
    results: KeptResults
    api_keys: ApiKeys
    lists: AccountLists
    tenants: Tenants
    audit: AuditLog
    census: Census
    answers: KeptAnswers

    @property
    def held(self) -> Held:
        found = self.grants.load(KEY)
        assert found
        return found


def api_key(number: int) -> ApiKey:
    return ApiKey(f"key_{number}", "tnt_a", "agent", None, (), None, False, START, None)


@pytest.fixture
def trace() -> Generator[Trace]:
    made = Trace()
    event.listen(Engine, "connect", made.connected)
    yield made
    event.remove(Engine, "connect", made.connected)


@pytest.fixture
async def stores(trace: Trace, tmp_path: Path) -> AsyncGenerator[Stores]:
    vault = open_vault(tmp_path / "home", "file", no_keychain, ManualClock(START))
    database, keys = vault.database, vault.data_keys
    made = Stores(
        Accounts(database),
        Authorizations(database, keys),
        Connections(database, keys),
        Agenda(database),
        Grants(database, keys),
        Outbox(database),
        Endpoints(database, keys),
        Deliveries(database, keys),
        KeptCalls(database, keys),
        Decisions(database),
        KeptResults(database, keys),
        ApiKeys(database),
        AccountLists(database),
        Tenants(database),
        AuditLog(database, keys),
        Census(database),
        KeptAnswers(database, vault.data_keys),
    )
    await made.tenants.add(Tenant("tnt_a", "A", START))
    await made.api_keys.add(api_key(1), "digest 1")
    await made.endpoints.add(HOOK, SIGNING)
    await made.connections.put(CONNECTION)
    await made.grants.connect(account(), grant())
    await made.authorizations.add(consent(), STATE)
    await made.calls.add(held_call(), 10)
    await made.tenants.add(Tenant("tnt_b", "B", START))
    await made.results.add(kept_result())
    await made.audit.add([audit_record(account(), record_id="aud_1")])
    yield made
    database.close()


async def with_an_orphan(stores: Stores) -> None:
    """Two attempts that both succeed leave the later one's grant as an orphan."""
    held, _ = await stores.grants.begin(KEY, START, lambda _: True)
    assert held
    await stores.grants.commit(held, renewed(2))
    await stores.grants.commit(held, renewed(2))
    assert await stores.grants.adopt_orphan(stores.held, START)


async def put_off(stores: Stores) -> None:
    await stores.agenda.put_off(KEY, START + timedelta(hours=1), START + timedelta(hours=2))


async def withdrawn(stores: Stores) -> None:
    held, _ = await stores.grants.begin(KEY, START, lambda _: True)
    assert held
    await stores.grants.withdraw(replace(held, intent_at=None))


async def brought_forward(stores: Stores) -> None:
    await stores.grants.fail(stores.held, "http_503", START + timedelta(hours=2), may_be_spent=False)
    await stores.agenda.bring_forward("tnt_a", "client_1", START)


async def claimed(stores: Stores) -> Claim:
    await stores.grants.bury(stores.held, "revoked", death(account()))
    claim = await stores.deliveries.claim(HOOK.key, START, START + timedelta(minutes=1))
    assert claim
    return claim


async def delivered(stores: Stores) -> None:
    await stores.deliveries.delivered(await claimed(stores), START)


async def failed(stores: Stores) -> None:
    await stores.deliveries.failed(await claimed(stores), Setback("http_500", START + timedelta(minutes=1)), START)


async def replayed(stores: Stores) -> None:
    await delivered(stores)
    await stores.deliveries.replay(HOOK.key, 0, START)


async def released(stores: Stores) -> None:
    await stores.authorizations.hold(consent(), Secret("a code"))
    assert await stores.authorizations.release(consent()) == Secret("a code")


async def denied(stores: Stores) -> None:
    await stores.authorizations.hold(consent(), Secret("a code"))
    assert await stores.authorizations.deny(consent(), "not the one who was asked")


async def forgotten(stores: Stores) -> None:
    await stores.authorizations.hold(consent(), Secret("a code"))
    assert await stores.authorizations.forget_codes(consent().expires_at, "nobody confirmed it") == 1


async def begun(stores: Stores) -> KeptAnswers:
    assert await stores.answers.begin(REQUEST, "print", "process", START, START + timedelta(days=1)) is None
    return stores.answers


async def answered(stores: Stores) -> None:
    assert await (await begun(stores)).finish(REQUEST, "process", ANSWER)


async def let_go(stores: Stores) -> None:
    assert await (await begun(stores)).release(REQUEST, "process")


async def pruned(stores: Stores) -> None:
    await (await begun(stores)).prune(START + timedelta(days=1))


MAKES_ANEW = {"Authorizations.add", "Connections.put", "Endpoints.add", "Grants.connect", "KeptAnswers.begin"}
"""Writes that make something new of a tenant: where it is gone they raise TenantGone, and the others find nothing."""
NO_STORES = {Vault, Rotation}
"""They compose stores, and are tested as what they are."""
Drive = Callable[[Stores], Awaitable[object]]
DRIVEN: dict[str, Drive] = {
    "AccountLists.pause": lambda on: on.lists.pause(account().key, paused=True),
    "ApiKeys.add": lambda on: on.api_keys.add(api_key(2), "digest 2"),
    "ApiKeys.remove": lambda on: on.api_keys.remove("tnt_a", "key_1"),
    "Accounts.rename": lambda on: on.accounts.rename(account().key, "other"),
    "Accounts.block": lambda on: on.accounts.block([account().key]),
    "Accounts.remove": lambda on: on.accounts.remove(account().key),
    "AuditLog.add": lambda on: on.audit.add([audit_record(account())]),
    "AuditLog.prune": lambda on: on.audit.prune(START + timedelta(days=1), 10),
    "Authorizations.add": lambda on: on.authorizations.add(consent(2), Secret("another state")),
    "Authorizations.take": lambda on: on.authorizations.take(consent()),
    "Authorizations.hold": lambda on: on.authorizations.hold(consent(), Secret("a code")),
    "Authorizations.release": released,
    "Authorizations.deny": denied,
    "Authorizations.forget_codes": forgotten,
    "Authorizations.finish": lambda on: on.authorizations.finish(consent(), "done", "conn_1"),
    "Authorizations.cancel": lambda on: on.authorizations.cancel(consent(), "not wanted"),
    "Endpoints.add": lambda on: on.endpoints.add(endpoint(2), SIGNING),
    "Endpoints.rotate": lambda on: on.endpoints.rotate(HOOK.key, Secret("whsec_other"), START),
    "Endpoints.disable": lambda on: on.endpoints.disable(HOOK.key, "by hand"),
    "Endpoints.enable": lambda on: on.endpoints.enable(HOOK.key, START),
    "Endpoints.remove": lambda on: on.endpoints.remove(HOOK.key),
    "Deliveries.claim": claimed,
    "Deliveries.delivered": delivered,
    "Deliveries.failed": failed,
    "Deliveries.put_off": lambda on: on.deliveries.put_off(HOOK.key, "sealed", START),
    "Deliveries.replay": replayed,
    "Connections.put": lambda on: on.connections.put(CONNECTION),
    "Connections.set_fault": lambda on: on.connections.set_fault(
        CONNECTION, "invalid_client", connection_faulted(CONNECTION, "invalid_client", START)
    ),
    "Connections.remove": lambda on: on.connections.remove("tnt_b", "sandbox"),
    "Grants.connect": lambda on: on.grants.connect(account(2), grant(), death(account(2))),
    "Grants.begin": lambda on: on.grants.begin(KEY, START, lambda _: True),
    "Grants.commit": lambda on: on.grants.commit(on.held, renewed()),
    "Grants.adopt_orphan": with_an_orphan,
    "Grants.set_end": lambda on: on.grants.set_end(on.held, replace(grant(), expires_at=START)),
    "Agenda.bring_forward": brought_forward,
    "Grants.tell_failing": lambda on: on.grants.tell_failing(on.held, death(account())),
    "Grants.exercised": lambda on: on.grants.exercised(on.held, None),
    "Grants.fail": lambda on: on.grants.fail(on.held, "http_503", None, may_be_spent=True),
    "Grants.withdraw": withdrawn,
    "Agenda.put_off": put_off,
    "Tenants.add": lambda on: on.tenants.add(Tenant("tnt_c", "C", START)),
    "Tenants.change": lambda on: on.tenants.change("tnt_b", lambda found: replace(found, name="Bee")),
    "Tenants.remove_empty": lambda on: on.tenants.remove_empty("tnt_b"),
    "Tenants.begin_end": lambda on: on.tenants.begin_end("tnt_b"),
    "Tenants.wipe": lambda on: on.tenants.wipe("tnt_b", START),
    "Agenda.distrust_the_future": lambda on: on.agenda.distrust_the_future(START - timedelta(days=1)),
    "KeptAnswers.begin": begun,
    "KeptAnswers.finish": answered,
    "KeptAnswers.release": let_go,
    "KeptAnswers.prune": pruned,
    "KeptCalls.add": lambda on: on.calls.add(held_call(number=2), 10),
    "KeptCalls.claim": lambda on: on.calls.claim(held_call(), "process"),
    "KeptCalls.put_back": lambda on: on.calls.put_back(held_call(), START),
    "KeptCalls.finish": lambda on: on.calls.finish(held_call(), DONE, START),
    "KeptCalls.want_approval": lambda on: on.calls.want_approval(held_call()),
    "Decisions.approve": lambda on: on.decisions.approve("tnt_a", held_call().id, "Ada", START),
    "Decisions.refuse": lambda on: on.decisions.refuse("tnt_a", held_call().id, "Ada", START),
    "KeptCalls.cancel": lambda on: on.calls.cancel("tnt_a", held_call().id, START),
    "KeptCalls.expire": lambda on: on.calls.expire(START + timedelta(days=2)),
    "KeptResults.add": lambda on: on.results.add(kept_result(number=2)),
    "KeptResults.expire": lambda on: on.results.expire(START + timedelta(hours=1)),
    "Grants.bury": lambda on: on.grants.bury(on.held, "revoked", death(account())),
}
READS: dict[str, Callable[[Stores], object]] = {
    "AccountLists.page": lambda on: on.lists.page("tnt_a"),
    "Tenants.get": lambda on: on.tenants.get("tnt_b"),
    "Tenants.page": lambda on: on.tenants.page(None, 10),
    "Tenants.holdings": lambda on: on.tenants.holdings("tnt_a"),
    "ApiKeys.after": lambda on: on.api_keys.after("tnt_a", None, 10),
    "ApiKeys.all": lambda on: on.api_keys.all("tnt_a"),
    "ApiKeys.of_digest": lambda on: on.api_keys.of_digest("digest 1"),
    "Accounts.tenants": lambda on: on.accounts.tenants(),
    "Accounts.get": lambda on: on.accounts.get(account().key),
    "Accounts.named": lambda on: on.accounts.named("tnt_a", "acme-1"),
    "Accounts.of_subject": lambda on: on.accounts.of_subject("client_1", "tnt_a", "subject-1"),
    "Accounts.all": lambda on: on.accounts.all("tnt_a"),
    "Accounts.connectors": lambda on: on.accounts.connectors("tnt_a"),
    "Accounts.some": lambda on: on.accounts.some("tnt_a", ["sandbox"], 2),
    "Accounts.matching": lambda on: on.accounts.matching("tnt_a", "acme", 10),
    "Accounts.later_consents": lambda on: on.accounts.later_consents(account(), "client", START),
    "Accounts.consents": lambda on: on.accounts.consents(account().key),
    "Accounts.crowded": lambda on: on.accounts.crowded("sandbox", "client", 1),
    "Accounts.free_alias": lambda on: on.accounts.free_alias("tnt_a", "acme-1"),
    "AuditLog.page": lambda on: on.audit.page("tnt_a", AuditFilter(), 10),
    "AuditLog.get": lambda on: on.audit.get("tnt_a", "aud_1"),
    "AuditLog.tool_input": lambda on: on.audit.tool_input("tnt_a", "aud_1"),
    "Census.take": lambda on: on.census.take(),
    "Authorizations.get": lambda on: on.authorizations.get("tnt_a", "link_1"),
    "Authorizations.of_link": lambda on: on.authorizations.of_link("tnt_a", "hash of a link"),
    "Authorizations.with_state": lambda on: on.authorizations.with_state(STATE),
    "Outbox.last": lambda on: on.outbox.last("tnt_a"),
    "Endpoints.after": lambda on: on.endpoints.after("tnt_a", None, 10),
    "Endpoints.all": lambda on: on.endpoints.all("tnt_a"),
    "Endpoints.get": lambda on: on.endpoints.get(HOOK.key),
    "Endpoints.secrets": lambda on: on.endpoints.secrets(HOOK.key, START),
    "Deliveries.slots": lambda on: on.deliveries.slots(START),
    "Deliveries.latest": lambda on: on.deliveries.latest(HOOK.key, 10),
    "Connections.find": lambda on: on.connections.find("tnt_a", "sandbox"),
    "Connections.by_id": lambda on: on.connections.by_id("tnt_a", "client_1"),
    "Connections.all": lambda on: on.connections.all("tnt_a"),
    "Grants.of_account": lambda on: on.grants.of_account(account().key),
    "Grants.orphans_of": lambda on: on.grants.orphans_of(account().key),
    "Grants.load": lambda on: on.grants.load(KEY),
    "Grants.named": lambda on: on.grants.named("tnt_a", "1"),
    "Agenda.due": lambda on: on.agenda.due(START, 10),
    "Agenda.next_due": lambda on: on.agenda.next_due(),
    "Agenda.crowd": lambda on: on.agenda.crowd(START, START),
    "KeptCalls.before": lambda on: on.calls.before("tnt_a", None, 10),
    "KeptCalls.get": lambda on: on.calls.get("tnt_a", held_call().id),
    "KeptCalls.listed": lambda on: on.calls.listed("tnt_a"),
    "KeptCalls.same_read": lambda on: on.calls.same_read(held_call(), START),
    "KeptCalls.ready": lambda on: on.calls.ready("tnt_a", held_call().id),
    "KeptCalls.decided": lambda on: on.calls.decided("tnt_a", held_call().id),
    "KeptCalls.due_reads": lambda on: on.calls.due_reads(START, 10),
    "KeptCalls.running": lambda on: on.calls.running(),
    "KeptResults.get": lambda on: on.results.get("tnt_a", kept_result().id, START),
    "Outbox.after": lambda on: on.outbox.after("tnt_a", 0, 10),
}


LOOKS_FOR_WHAT_IS_DUE = "a job of the process: one index tells what is due, whosever it is, and each has its tenant"
FORGETS_WHAT_IS_OLD = "upkeep: what has ended is forgotten, whosever it is, and nothing of it is given back"
IS_A_SECRET = "what is asked by is 256 random bits or their hash: it says which tenant its bearer is of"
COUNTS = "a provider counts grants by person and OAuth client, whichever tenants they are of; a number comes back"
OF_THE_OPERATOR = "for whoever runs the vault"
EVERY_TENANT = {
    "Accounts.crowded": COUNTS,
    "Accounts.later_consents": COUNTS,
    "Accounts.tenants": OF_THE_OPERATOR,
    "Agenda.crowd": LOOKS_FOR_WHAT_IS_DUE,
    "Agenda.distrust_the_future": LOOKS_FOR_WHAT_IS_DUE,
    "Agenda.due": LOOKS_FOR_WHAT_IS_DUE,
    "Agenda.next_due": LOOKS_FOR_WHAT_IS_DUE,
    "ApiKeys.of_digest": IS_A_SECRET,
    "AuditLog.prune": FORGETS_WHAT_IS_OLD,
    "Authorizations.add": FORGETS_WHAT_IS_OLD,
    "Authorizations.forget_codes": FORGETS_WHAT_IS_OLD,
    "Authorizations.with_state": IS_A_SECRET,
    "Census.take": OF_THE_OPERATOR,
    "Deliveries.slots": LOOKS_FOR_WHAT_IS_DUE,
    "KeptAnswers.prune": FORGETS_WHAT_IS_OLD,
    "KeptCalls.due_reads": LOOKS_FOR_WHAT_IS_DUE,
    "KeptCalls.expire": FORGETS_WHAT_IS_OLD,
    "KeptCalls.running": LOOKS_FOR_WHAT_IS_DUE,
    "KeptResults.expire": FORGETS_WHAT_IS_OLD,
    "Tenants.page": OF_THE_OPERATOR,
}
"""The methods that look over all tenants, and why."""


def store_methods() -> Iterator[tuple[str, bool]]:
    """The name of each public method of each store, and whether it writes: writes alone are awaited."""
    for found in pkgutil.iter_modules(evergrant.vault.__path__, "evergrant.vault."):
        module = importlib.import_module(found.name)
        for name, store in inspect.getmembers(module, inspect.isclass):
            takes = inspect.get_annotations(store.__init__) if store.__module__ == found.name else {}
            if Database in takes.values() and store not in NO_STORES:
                for method, function in inspect.getmembers(store, inspect.isfunction):
                    if not method.startswith("_"):
                        yield f"{name}.{method}", inspect.iscoroutinefunction(function)


def test_every_method_of_every_store_is_driven_here() -> None:
    found = dict(store_methods())
    del found["Accounts.empty_log"]  # a checkpoint is no transaction
    assert {name for name, writes in found.items() if writes} == DRIVEN.keys()
    assert {name for name, writes in found.items() if not writes} == READS.keys()


@pytest.mark.parametrize("name", DRIVEN)
async def test_a_write_is_one_transaction_that_begins_with_begin_immediate(
    stores: Stores, trace: Trace, name: str
) -> None:
    trace.clear()
    await DRIVEN[name](stores)
    transactions = trace.transactions()
    for transaction in transactions:
        assert first_words(transaction) <= {"BEGIN", "COMMIT", "ROLLBACK", *WRITES, *HARMLESS}
        if first_words(transaction) & set(WRITES):
            assert transaction[0] == "BEGIN IMMEDIATE"
            assert transaction[-1] == "COMMIT"
    assert names_no_tenant(transactions) == (name in EVERY_TENANT)
    begun_to_write = [each for each in transactions if each[0] == "BEGIN IMMEDIATE"]
    assert begun_to_write
    if name != "Connections.remove":  # of another tenant: what is looked for is not there
        assert first_words(begun_to_write[-1]) & set(WRITES)


class Over(Exception):
    """The write that came too late has ended."""


@pytest.mark.parametrize("name", DRIVEN)
async def test_no_write_that_comes_after_the_end_of_a_tenant_leaves_a_row_of_it(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    purged_before(stores, name, monkeypatch)
    with pytest.raises(TenantGone if name in MAKES_ANEW else Over):
        await DRIVEN[name](stores)
    database = Database(tmp_path / "home" / "vault.db")

    assert [rows_of(database, tenant_id) for tenant_id in ("tnt_a", "tnt_b")] == [{}, {}]
    database.close()


def purged_before(stores: Stores, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tenants purged just when that method is called, with all that its caller knows of them."""
    kind, _, method = name.partition(".")
    every: dict[str, object] = vars(stores)
    store = next(type(each) for each in every.values() if type(each).__name__ == kind)
    written: Callable[..., Awaitable[object]] = getattr(store, method)

    async def late(*given: object, **named: object) -> None:
        monkeypatch.setattr(store, method, written)
        for tenant_id in ("tnt_a", "tnt_b"):
            await purge(stores, tenant_id)
        await written(*given, **named)
        raise Over

    monkeypatch.setattr(store, method, late)


async def purge(stores: Stores, tenant_id: str) -> None:
    await stores.tenants.begin_end(tenant_id)
    for each in stores.accounts.all(tenant_id):
        await stores.accounts.remove(each.key)
    await stores.tenants.wipe(tenant_id, consent().expires_at)


@pytest.mark.parametrize("name", READS)
async def test_a_read_writes_nothing_and_keeps_no_writer_waiting(stores: Stores, trace: Trace, name: str) -> None:
    trace.clear()
    READS[name](stores)
    transactions = trace.transactions()
    assert transactions
    for transaction in transactions:
        assert transaction[0] == "BEGIN" or len(transaction) == 1  # one SELECT is a snapshot by itself
        assert first_words(transaction) <= {"BEGIN", "COMMIT", "SELECT", "WITH"}
    assert names_no_tenant(transactions) == (name in EVERY_TENANT)


async def test_nothing_is_written_outside_a_transaction_while_a_vault_is_made(stores: Stores, trace: Trace) -> None:
    made = [each for each in trace.transactions() if first_words(each) & set(WRITES)]
    assert any("CREATE TABLE" in statement for transaction in made for statement in transaction)
    assert {transaction[0] for transaction in made} == {"BEGIN IMMEDIATE"}


async def test_the_first_that_a_connection_is_told_is_how_long_to_wait(stores: Stores, tmp_path: Path) -> None:
    fresh, trace = Database(tmp_path / "home" / "vault.db"), Trace()
    event.listen(fresh.engine, "connect", trace.connected, insert=True)
    fresh.read(lambda session: session.connection())
    fresh.close()
    (statements,) = trace.sent.values()
    assert statements[0] == f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}"
    begun = next(place for place, statement in enumerate(statements) if statement.startswith("BEGIN"))
    assert all(statement.startswith("PRAGMA") for statement in statements[:begun])
    assert not any("journal_mode" in statement for statement in statements)


def names_no_tenant(transactions: list[list[str]]) -> bool:
    """Whether some statement looks at tenants' data for no tenant in particular."""
    return any(unbound(statement) for transaction in transactions for statement in transaction)


def first_words(transaction: list[str]) -> set[str]:
    return {statement.split()[0].upper() for statement in transaction}
