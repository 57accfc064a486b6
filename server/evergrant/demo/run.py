"""A day of an agent's work in under a minute: no accounts, no network, every promise counted by the provider."""

import random
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import evergrant
from evergrant.app import App, open_app
from evergrant.catalog.catalog import data_folder
from evergrant.demo import counting, day
from evergrant.demo.agent import Agent
from evergrant.demo.clock import VirtualClock
from evergrant.demo.connecting import connect
from evergrant.demo.expected import Lives
from evergrant.demo.receiver import Receiver, listening
from evergrant.demo.report import Report
from evergrant.demo.services import SERVICES, Service, write_connectors
from evergrant.demo.stage import Stage
from evergrant.demo.unhurried import Unhurried
from evergrant.dial.guard import permitted
from evergrant.model.clock import SystemClock
from evergrant.model.failpoint import nothing
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import Surroundings

MIDNIGHT = datetime(2026, 5, 25, tzinfo=UTC)
SHORTEST_DAY, LONGEST_DAY = 6, 24
CONNECTIONS = 16
"""Fifty calls at once share these: at each request the pool looks at every idle one, which takes its time."""
KEEP_ALIVE_S = 2.0
"""Shorter than the sandbox's, so that no call goes out on a connection that is just being closed."""


async def run_demo(
    console: Console | None = None, *, hours: int = 24, services: tuple[Service, ...] = SERVICES, seed: int = 1
) -> Report:
    """Play a day of that many virtual hours over three services; progress goes to `console` where there is one.

    The first service is the one whose refresh is killed, the last the one whose grant is revoked. Nothing stays
    behind, also when it is cancelled. Raises ValueError for a day
    that is too short to break all that is to break, or too long.
    """
    if not SHORTEST_DAY <= hours <= LONGEST_DAY:
        raise ValueError(f"a day has {SHORTEST_DAY} to {LONGEST_DAY} hours here")
    watch = SystemClock()
    began = watch.monotonic()
    plan = day.Plan(hours, crashed=services[0], revoked=services[-1])
    with _progress(console, hours) as progress:
        async with _stage(services, seed) as stage:
            happened = await day.Day(stage, plan, progress).run()
            wall_s = watch.monotonic() - began
            return counting.report(stage, happened, hours=hours, seed=seed, wall_s=wall_s)


@asynccontextmanager
async def _stage(services: tuple[Service, ...], seed: int) -> AsyncGenerator[Stage]:
    """A sandbox on a loopback port and a vault in a temporary folder, connected; both are gone afterwards."""
    clock = VirtualClock(MIDNIGHT)
    with tempfile.TemporaryDirectory(prefix="evergrant-demo-") as folder:
        write_connectors(Path(folder, "data"), data_folder(Path(evergrant.__file__).parent), services)
        settings = Settings(
            home=Path(folder, "vault"),
            key_source="file",
            connector_path=(Path(folder, "data"),),
            public_url=None,
            allow_private_hosts=permitted(["127.0.0.1"]),
        )
        clients = {each.name: each.client(settings.redirect_uri(LOCAL_TENANT, each.name)) for each in services}
        sandbox = Sandbox(clients, clock=clock, chance=_repeatable(seed), auto_approve=True)
        receiver = Receiver(clock)
        with running(sandbox) as origin, listening(receiver) as address:
            async with open_app(settings, _surroundings(clock, seed)) as app:
                _, receiver.secret = await app.webhooks.add(LOCAL_TENANT, address)
                yield await _connected(app, sandbox, clock, receiver, services, origin=origin)


async def _connected(
    app: App, sandbox: Sandbox, clock: VirtualClock, receiver: Receiver, services: tuple[Service, ...], *, origin: str
) -> Stage:
    accounts = {each.name: await connect(app, each, origin) for each in services}
    lives = Lives()
    for each in services:
        lives.begin(each.name, clock.now())
    agent = Agent(app.held_calls, lambda account: receiver.asks_for(account.id), services, accounts)
    return Stage(app, sandbox, clock, agent, receiver, services, accounts, lives, app.settings.connector_path[0])


def _surroundings(clock: VirtualClock, seed: int) -> Surroundings:
    """The virtual clock, a seeded random, loopback without the environment's proxies, and no keychain."""
    limits = httpx2.Limits(
        max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE_S
    )
    transport = Unhurried(httpx2.AsyncHTTPTransport(limits=limits))
    return Surroundings(clock, _repeatable(seed), transport, lambda: None, nothing)


def _repeatable(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (the same day at every run; no secret is drawn from it)


@contextmanager
def _progress(console: Console | None, hours: int) -> Generator[day.Progress]:
    if console is None:
        yield lambda _hours: None
        return
    columns = (TextColumn("{task.completed:4.1f} of {task.total} virtual hours"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("day", total=hours)
        yield lambda passed: bar.update(task, completed=passed)
