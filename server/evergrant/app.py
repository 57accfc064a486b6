"""The composition root: the one place that builds objects and hands them to each other."""

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2

from evergrant.calls.send import Sender
from evergrant.catalog.catalog import Catalog, folders
from evergrant.dial.guard import Guard, Resolve, system_resolve
from evergrant.model.account import AccountKey
from evergrant.model.clock import Clock, SystemClock, boot_id
from evergrant.model.failpoint import FailPoint, nothing
from evergrant.model.live import LiveSecrets
from evergrant.model.secret import Secret
from evergrant.oauth.endpoint import EXCHANGE_DEADLINE_S, Client, TokenEndpoint
from evergrant.service.accounts import AccountDesk
from evergrant.service.connect import Connect
from evergrant.service.consent import Consent
from evergrant.service.execute import Executor
from evergrant.service.keys import Keys
from evergrant.service.panic import Panic
from evergrant.service.person import verdict
from evergrant.service.registry import Registry
from evergrant.service.revoking import Revoker
from evergrant.service.unattended import Unattended
from evergrant.settings import Settings
from evergrant.store.database import StoreUnavailable
from evergrant.store.folder import check_folder
from evergrant.store.locks import AccountLocks
from evergrant.store.mounts import Mount, mounts
from evergrant.store.steady import SteadyClock
from evergrant.tokens.breaker import Breakers
from evergrant.tokens.limits import Limits
from evergrant.tokens.pace import connection_pace, host_pace
from evergrant.tokens.places import Places, token_host
from evergrant.tokens.refresher import Refresher
from evergrant.tokens.schedule import Probe, Schedule
from evergrant.tokens.setbacks import Setbacks
from evergrant.tokens.source import TokenSource
from evergrant.tokens.successor import Successors
from evergrant.vault.accounts import Accounts
from evergrant.vault.agenda import Agenda
from evergrant.vault.authorizations import Authorizations
from evergrant.vault.connections import Connections
from evergrant.vault.epoch import is_restored
from evergrant.vault.grants import Grants
from evergrant.vault.keys import FindKeychain
from evergrant.vault.outbox import Outbox
from evergrant.vault.sources.keychain import system_keychain
from evergrant.vault.vault import Vault, open_vault
from evergrant.wire import http_client


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the outside world is made of; tests and the demo bring their own."""

    clock: Clock
    random: random.Random
    transport: httpx2.AsyncBaseTransport | None
    """None is the network."""
    keychain: FindKeychain
    failpoint: FailPoint
    exchange_deadline_s: float = EXCHANGE_DEADLINE_S
    boot_id: str | None = None
    """Names this start of the machine, where the clock may be set while it runs; None is a clock that never is."""
    ask_passphrase: Callable[[bool], Secret] | None = None
    """Asks the person at the terminal, twice for a new one; None where there is nobody."""
    live: LiveSecrets = field(default_factory=LiveSecrets)
    """Told of every secret that is used, so that the log can be cleared of them."""
    mounts: Callable[[], Sequence[Mount]] = mounts
    resolve: Resolve = system_resolve
    """Where the network looks names up."""


def real_world(live: LiveSecrets | None = None) -> Surroundings:
    """The machine's clock, its network, its keychain; `live` is what the log is cleared by."""
    told = LiveSecrets() if live is None else live
    world = Surroundings(SystemClock(), random.SystemRandom(), None, system_keychain, nothing)
    return replace(world, boot_id=boot_id(), live=told)


@dataclass(frozen=True, slots=True)
class App:
    """One vault with everything that works on it."""

    settings: Settings
    clock: Clock
    """It cannot be set back; what the machine itself says is `machine_clock`."""
    machine_clock: Clock
    vault: Vault
    catalog: Catalog
    registry: Registry
    connections: Connections
    desk: AccountDesk
    panic: Panic
    accounts: Accounts
    connect: Connect
    consent: Consent
    keys: Keys
    unattended: Unattended
    executor: Executor
    tokens: TokenSource
    schedule: Schedule
    outbox: Outbox
    live: LiveSecrets


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
            http_client(network, keep_alive=16) as to_apis,
        ):
            clock = await _steady(world, vault)
            app = _compose(settings, world, clock, catalog, vault, to_tokens=to_tokens, to_apis=to_apis)
            try:
                yield app
            finally:
                app.schedule.close()
                await app.executor.drain()
                await app.tokens.drain()
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


def _compose(
    settings: Settings,
    world: Surroundings,
    clock: Clock,
    catalog: Catalog,
    vault: Vault,
    *,
    to_tokens: httpx2.AsyncClient,
    to_apis: httpx2.AsyncClient,
) -> App:
    database, keys = vault.database, vault.data_keys.telling(world.live.note)
    connections, accounts = Connections(database, keys), Accounts(database)
    agenda = Agenda(database)
    grants, authorizations = Grants(database, keys, world.failpoint), Authorizations(database, keys)
    endpoint = TokenEndpoint(to_tokens, clock, world.failpoint, world.exchange_deadline_s, world.live.redact)
    sender = Sender(to_apis)
    breakers = Breakers(clock, world.random)
    limits = Limits(catalog, breakers, host_pace(clock), connection_pace(clock))
    locks = AccountLocks(vault.folder / "locks", clock)
    successors = Successors(grants, agenda, endpoint, clock, world.random)
    revoker = Revoker(catalog, connections, grants, endpoint, successors, clock)
    places = Places()
    setbacks = Setbacks(
        accounts=accounts,
        connections=connections,
        grants=grants,
        successors=successors,
        clock=clock,
        reauth_url=lambda key: reauth_url(settings, key),
        verdict=lambda client, grant: verdict(sender, client, grant),
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
    )
    tokens = TokenSource(catalog, grants, refresher, clock)
    consent = Consent(
        catalog,
        connections,
        accounts,
        grants,
        authorizations,
        endpoint,
        successors,
        locks,
        sender,
        clock,
        world.live,
    )
    by_key = Keys(catalog, connections, accounts, consent, clock, world.live)
    return App(
        settings=settings,
        clock=clock,
        machine_clock=world.clock,
        vault=vault,
        catalog=catalog,
        registry=Registry(catalog, connections, clock),
        connections=connections,
        desk=AccountDesk(catalog, accounts, grants, locks, revoker),
        panic=Panic(accounts, revoker, refresher, locks, Places()),
        accounts=accounts,
        connect=Connect(catalog, connections, accounts, authorizations, clock),
        consent=consent,
        keys=by_key,
        unattended=Unattended(catalog, accounts, by_key, consent, endpoint, clock),
        executor=Executor(catalog, tokens, sender, world.live.redact),
        tokens=tokens,
        schedule=Schedule(agenda, tokens, clock, limits=limits, probe=_in_place(endpoint, places), places=Places()),
        outbox=Outbox(database),
        live=world.live,
    )


def _in_place(endpoint: TokenEndpoint, places: Places) -> Probe:
    """A probe of a token endpoint is one of the few requests that are sent to its host at one time."""

    async def probe(client: Client) -> bool:
        async with places.at(token_host(client.connector, client.account)):
            return await endpoint.probe(client)

    return probe


def reauth_url(settings: Settings, key: AccountKey) -> str:
    """The page where a person renews an account's grant; it carries an id, no credential."""
    return f"{settings.url}/reconnect/{key.account_id}"
