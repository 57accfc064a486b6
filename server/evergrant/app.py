"""The composition root: the one place that builds objects and hands them to each other."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import httpx2

from evergrant.calls.send import Sender
from evergrant.catalog.catalog import Catalog, folders
from evergrant.catalog.toolsets import Toolsets
from evergrant.dial.guard import Guard
from evergrant.events.desktop import DesktopNotes
from evergrant.events.dispatcher import Dispatcher
from evergrant.events.patience import Patience
from evergrant.events.send import Post
from evergrant.fittings import desktop_notes, in_place, teller, tenant_pace
from evergrant.model.clock import Clock
from evergrant.model.live import LiveSecrets
from evergrant.model.principal import Principal
from evergrant.oauth.endpoint import TokenEndpoint
from evergrant.oauth.issuer import Issuer
from evergrant.service.accounts import AccountDesk
from evergrant.service.answers import Answers
from evergrant.service.api_keys import KeyDesk
from evergrant.service.approvals import Approvals
from evergrant.service.audit import Audit
from evergrant.service.call_runs import CallRuns
from evergrant.service.connect import Connect
from evergrant.service.consent import Consent
from evergrant.service.execute import Executor
from evergrant.service.held import HeldCalls
from evergrant.service.idempotency import Once
from evergrant.service.journal import Journal
from evergrant.service.keys import Keys
from evergrant.service.links import Links
from evergrant.service.panic import Panic
from evergrant.service.person import verdict
from evergrant.service.proof import Proofs
from evergrant.service.registry import Registry
from evergrant.service.rerun import Rerun
from evergrant.service.result_pages import ResultPages
from evergrant.service.revoking import Revoker
from evergrant.service.standing import Standing
from evergrant.service.tenant_pace import TenantPace
from evergrant.service.tenants import TenantDesk
from evergrant.service.tool_search import ToolSearch
from evergrant.service.unattended import Unattended
from evergrant.service.webhooks import Webhooks
from evergrant.settings import Settings
from evergrant.store.changes import Changes
from evergrant.store.database import StoreUnavailable
from evergrant.store.folder import check_folder
from evergrant.store.locks import AccountLocks
from evergrant.store.process_mark import ProcessMark
from evergrant.store.steady import SteadyClock
from evergrant.surroundings import Surroundings
from evergrant.tokens.breaker import Breakers
from evergrant.tokens.limits import Limits
from evergrant.tokens.pace import connection_pace, host_pace
from evergrant.tokens.places import Places
from evergrant.tokens.refresher import Refresher
from evergrant.tokens.schedule import Schedule
from evergrant.tokens.setbacks import Setbacks
from evergrant.tokens.source import TokenSource
from evergrant.tokens.successor import Successors
from evergrant.vault.account_lists import AccountLists
from evergrant.vault.accounts import Accounts
from evergrant.vault.agenda import Agenda
from evergrant.vault.api_keys import ApiKeys
from evergrant.vault.audit import AuditLog
from evergrant.vault.authorizations import Authorizations
from evergrant.vault.connections import Connections
from evergrant.vault.decisions import Decisions
from evergrant.vault.deliveries import Deliveries
from evergrant.vault.endpoints import Endpoints
from evergrant.vault.epoch import is_restored
from evergrant.vault.grants import Grants
from evergrant.vault.held_calls import KeptCalls
from evergrant.vault.idempotency import KeptAnswers
from evergrant.vault.kept_results import KeptResults
from evergrant.vault.link_seal import LinkSeal
from evergrant.vault.outbox import Outbox
from evergrant.vault.tenants import Tenants
from evergrant.vault.vault import Vault, open_vault
from evergrant.wire import http_client, transport

PRUNED_AT_ONCE = 1000
"""Lines of the audit to a transaction: it holds the write lock for some milliseconds."""


@dataclass(frozen=True, slots=True)
class App:
    """One vault with everything that works on it."""

    settings: Settings
    clock: Clock
    """It cannot be set back; what the machine itself says is `machine_clock`."""
    machine_clock: Clock
    vault: Vault
    catalog: Catalog
    toolsets: Toolsets
    tool_search: ToolSearch
    registry: Registry
    connections: Connections
    desk: AccountDesk
    panic: Panic
    tenant_desk: TenantDesk
    pace: TenantPace
    """How many requests each tenant may make of this process."""
    accounts: Accounts
    account_lists: AccountLists
    connect: Connect
    consent: Consent
    links: Links
    proofs: Proofs
    answers: Answers
    keys: Keys
    key_desk: KeyDesk
    unattended: Unattended
    executor: Executor
    held_calls: HeldCalls
    kept_results: KeptResults
    pages: ResultPages
    tokens: TokenSource
    schedule: Schedule
    outbox: Outbox
    dispatcher: Dispatcher
    webhooks: Webhooks
    notes: DesktopNotes | None
    """None where no notes are wished for, or this machine has no program that shows them."""
    live: LiveSecrets
    audit: Audit
    audit_log: AuditLog
    once: Once
    issuer: Issuer | None
    """Whose access tokens let callers in over HTTP; None where nobody's do."""

    async def prune_audit(self) -> None:
        """Forget the lines of the audit whose time is over; raises StoreUnavailable."""
        before = self.clock.now() - timedelta(days=self.settings.audit_days)
        while await self.audit_log.prune(before, PRUNED_AT_ONCE) == PRUNED_AT_ONCE:
            pass

    def standing(self, principal: Principal) -> Standing:
        """What a caller sees and does."""
        return Standing(principal, self.catalog, self.accounts, self.held_calls, self.toolsets)

    async def tell_news(self) -> None:
        """Have what is due told: by webhook, and on the desktop. Raises StoreUnavailable."""
        if self.notes:
            await self.notes.show_new()
        await self.dispatcher.deliver_due()


@asynccontextmanager
async def open_app(settings: Settings, world: Surroundings) -> AsyncGenerator[App, None]:
    """The app on the settings' vault, closed at the end of the block.

    Raises KeyUnavailable, StoreUnavailable.
    """
    catalog = Catalog(folders(Path(__file__).parent, settings.connector_path), lenient=True)
    check_folder(settings.home, world.mounts)
    given = settings.given(world.ask_passphrase)
    vault = open_vault(settings.home, settings.key_source, world.keychain, world.clock, given)
    network = world.transport or Guard(world.resolve, settings.allow_private_hosts)
    try:
        async with (
            http_client(network, keep_alive=0) as to_tokens,
            transport(network, keep_alive=16) as to_apis,
            http_client(network, keep_alive=4) as to_receivers,
        ):
            clock = await _steady(world, vault)
            out = _Out(to_tokens, to_apis, to_receivers)
            app = _compose(settings, world, clock, catalog, vault, out=out)
            try:
                yield app
            finally:
                app.schedule.close()
                await app.held_calls.runs.drain()
                app.held_calls.changes.close()
                await app.dispatcher.close()
                await app.executor.drain()
                await app.tokens.drain()
                await app.audit.journal.drain()
    finally:
        vault.close()


async def _steady(world: Surroundings, vault: Vault) -> Clock:
    """The world's clock, made so that it cannot be set back; raises StoreUnavailable."""
    if world.boot_id is None:
        return world.clock
    try:
        clock = SteadyClock(world.clock, vault.folder / "run" / "clock", world.boot_id)
    except OSError as error:
        raise StoreUnavailable(f"The vault's clock file cannot be used: {error}") from None
    if clock.new_boot:
        await Agenda(vault.database).distrust_the_future(clock.now())
    return clock


class _Out(NamedTuple):
    """The ways out, none of which can keep another waiting for a connection."""

    to_tokens: httpx2.AsyncClient
    to_apis: httpx2.AsyncBaseTransport
    to_receivers: httpx2.AsyncClient


def _compose(
    settings: Settings,
    world: Surroundings,
    clock: Clock,
    catalog: Catalog,
    vault: Vault,
    *,
    out: _Out,
) -> App:
    database, keys = vault.database, vault.data_keys.telling(world.live.note)
    connections, accounts = Connections(database, keys), Accounts(database)
    agenda = Agenda(database)
    grants, authorizations = Grants(database, keys, world.failpoint), Authorizations(database, keys)
    endpoint = TokenEndpoint(out.to_tokens, clock, world.failpoint, world.exchange_deadline_s, world.live.redact)
    sender = Sender(out.to_apis)
    audit_log = AuditLog(database, vault.data_keys)
    audit = Audit(Journal(audit_log), clock, settings.audit_inputs)
    breakers = Breakers(clock, world.random)
    limits = Limits(catalog, breakers, host_pace(clock), connection_pace(clock))
    locks = AccountLocks(vault.folder / "locks", clock)
    successors = Successors(grants, agenda, endpoint, clock, world.random)
    revoker = Revoker(catalog, connections, grants, endpoint, successors, clock)
    connect = Connect(catalog, connections, accounts, authorizations, clock, settings.loopback_port)
    link_seal = LinkSeal(vault.ring.ring.link_key(), vault.id)
    links = Links(link_seal, connect, accounts, clock, settings.url, settings.link_proof == "code")
    consent = Consent(
        catalog, connections, accounts, grants, authorizations, endpoint, successors, locks, sender, clock, world.live
    )
    places = Places()
    setbacks = Setbacks(
        accounts=accounts,
        connections=connections,
        grants=grants,
        successors=successors,
        clock=clock,
        reauth_url=links.reauth,
        verdict=lambda client, grant: verdict(sender, client, grant),
        told=audit.told,
    )
    refresher = Refresher(
        catalog=catalog,
        connections=connections,
        grants=grants,
        agenda=agenda,
        locks=locks,
        endpoint=endpoint,
        clock=clock,
        successors=successors,
        setbacks=setbacks,
        failpoint=world.failpoint,
        spool=vault.spool,
        breakers=breakers,
        places=places,
        restored=lambda: is_restored(database, vault.ring),
        told=audit.told,
    )
    tokens = TokenSource(catalog, grants, refresher, clock)
    executor = Executor(catalog, tokens, sender, world.live.redact, links, clock)
    # Inputs are no secrets of ours that texts must be cleared of, so the log's list is not told of them.
    kept_calls, kept_results = KeptCalls(database, vault.data_keys), KeptResults(database, vault.data_keys)
    mark = ProcessMark(vault.folder / "locks")
    runs = CallRuns(Rerun(executor, audit), tokens.grant, catalog, kept_calls, mark, clock, world.failpoint)
    outbox, deliveries = Outbox(database), Deliveries(database, keys)
    post = Post(out.to_receivers, Guard(world.resolve, settings.allow_private_hosts))
    dispatcher = Dispatcher(deliveries, post, Patience(world.random), clock)
    by_key = Keys(catalog, connections, accounts, consent, clock, world.live)
    tenants = Tenants(database)
    panic, lists = Panic(accounts, revoker, refresher, locks, Places()), AccountLists(database)
    toolsets = Toolsets(catalog, settings.toolsets_file)
    return App(
        settings=settings,
        clock=clock,
        machine_clock=world.clock,
        vault=vault,
        catalog=catalog,
        toolsets=toolsets,
        tool_search=ToolSearch(catalog),
        registry=Registry(catalog, connections, clock),
        connections=connections,
        desk=AccountDesk(catalog, accounts, lists, grants, locks, revoker),
        panic=panic,
        tenant_desk=TenantDesk(tenants, panic, clock),
        pace=tenant_pace(settings, tenants, clock),
        accounts=accounts,
        account_lists=lists,
        connect=connect,
        consent=consent,
        links=links,
        proofs=Proofs(link_seal, clock),
        answers=Answers(consent, authorizations, clock),
        executor=executor,
        held_calls=HeldCalls(
            executor,
            kept_calls,
            runs,
            Approvals(kept_calls, Decisions(database), links, clock, by_operator=settings.approvals == "operator"),
            Changes(vault.file),
            clock,
            teller(dispatcher),
            audit,
        ),
        kept_results=kept_results,
        pages=ResultPages(kept_results, clock, settings.result_tokens),
        keys=by_key,
        key_desk=KeyDesk(ApiKeys(database), accounts, clock, settings.policy, toolsets),
        unattended=Unattended(catalog, accounts, by_key, consent, endpoint, clock),
        tokens=tokens,
        schedule=Schedule(agenda, tokens, clock, limits=limits, probe=in_place(endpoint, places), places=Places()),
        outbox=outbox,
        dispatcher=dispatcher,
        webhooks=Webhooks(Endpoints(database, keys), deliveries, post, post.guard, clock),
        notes=desktop_notes(settings, vault, outbox, accounts),
        live=world.live,
        audit=audit,
        audit_log=audit_log,
        once=Once(KeptAnswers(database, vault.data_keys), mark, clock),
        issuer=Issuer(out.to_tokens, settings.jwt_issuer, settings.jwks_url) if settings.jwt_issuer else None,
    )
