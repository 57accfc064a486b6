"""Dispatchers that are killed, a receiver that fails half the time, and the count of what came of it.

Several processes deliver from one vault at once, as they do in service, with waits a thousand times shorter. One is
killed with SIGKILL whenever so many messages were taken, and another takes its place. Events are written meanwhile.
What was given up is replayed at the end, as its operator would.
"""

import asyncio
import itertools
import multiprocessing
import os
import random
import ssl
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx2
from sqlmodel import Session
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from tests.fakes.receiver import OK, Received, Receiver, Reply, receiving
from tests.fakes.tenants import settled
from tests.vault.samples import account

from evergrant.dial.guard import Guard, permitted
from evergrant.dial.network import Network
from evergrant.events.dispatcher import Dispatcher
from evergrant.events.message import new_secret
from evergrant.events.patience import Patience
from evergrant.events.send import Post
from evergrant.model.clock import Clock, SystemClock
from evergrant.model.endpoint import Endpoint
from evergrant.model.event import Event, refresh_failing
from evergrant.model.secret import Secret
from evergrant.vault.deliveries import Deliveries
from evergrant.vault.endpoints import Endpoints
from evergrant.vault.outbox import add_event
from evergrant.vault.vault import Vault, open_vault

TENANT = "tnt_a"
ACCOUNTS = 40
PROCESSES = 3
BATCH = 10
"""Events to a transaction."""
SCHEDULE_S = (0, 0.005, 0.02, 0.03, 0.05, 0.1, 0.1, 0.2, 0.2, 0.2)
LEASE_S, DEADLINE_S, REST_S = 1.0, 0.7, 0.1
LONGEST_S = 3600.0


@dataclass
class Count:
    """What the receiver saw."""

    written: list[str] = field(default_factory=list[str])
    taken: Counter[str] = field(default_factory=Counter[str])
    refused: int = 0
    unsigned: int = 0
    kills: int = 0
    given_up: set[str] = field(default_factory=set[str])
    bodies: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    """What came under each webhook-id."""
    ids: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict[int, set[str]](set))
    """Under which webhook-ids each event came."""
    order: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict[str, list[int]](list))
    """The numbers of each account's events as they were first taken."""

    @property
    def lost(self) -> int:
        return len(set(self.written) - set(self.taken))

    @property
    def changed(self) -> int:
        """Events that came under several ids, and ids under which several bodies came."""
        return sum(len(each) > 1 for each in (*self.ids.values(), *self.bodies.values()))

    @property
    def out_of_order(self) -> int:
        return sum(later < earlier for each in self.order.values() for earlier, later in itertools.pairwise(each))

    @property
    def duplicates(self) -> int:
        return sum(self.taken.values()) - len(self.taken)

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.unsigned or self.changed or self.out_of_order)

    def __str__(self) -> str:
        return (
            f"{len(self.written)} events, {sum(self.taken.values()) + self.refused} attempts seen, {self.refused} of "
            f"them refused, {self.kills} kills: {self.lost} lost, {self.unsigned} unsigned, {self.duplicates} "
            f"duplicates under the same webhook-id, {self.changed} under another, {self.out_of_order} out of order; "
            f"{len(self.given_up)} given up after {len(SCHEDULE_S)} attempts and replayed"
        )


@dataclass
class Judge:
    """The receiver's side: verifies as operators do, refuses half, and counts."""

    secret: str
    chance: random.Random
    count: Count = field(default_factory=Count)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, received: Received) -> Reply:
        with self.lock:
            try:
                Webhook(self.secret).verify(received.body, dict(received.headers))
            except WebhookVerificationError:
                self.count.unsigned += 1
            if self.chance.random() < 0.5:
                self.count.refused += 1
                return self.chance.choice((500, 503, 429, 302)), {}
            self._take(received)
            return OK

    def _take(self, received: Received) -> None:
        seq = int(received.data["seq"])
        if received.id not in self.count.taken and received.id not in self.count.given_up:
            self.count.order[received.data["connected_account_id"]].append(seq)
        self.count.taken[received.id] += 1
        self.count.ids[seq].add(received.id)
        self.count.bodies[received.id].add(received.body)

    def taken(self) -> int:
        with self.lock:
            return len(self.count.taken)


def soak(home: Path, events: int, kills: int, seed: int) -> Count:
    """Run it; what the receiver counted. Raises TimeoutError where it does not come to its end."""
    clock, secret = SystemClock(), new_secret()
    judge = Judge(secret.reveal(), random.Random(seed))
    with receiving(judge) as receiver:
        vault = settled(open_vault(home, "file", lambda: None, clock))
        try:
            asyncio.run(_Run(vault, receiver, judge, clock, random.Random(seed)).play(secret, events, kills))
        finally:
            vault.close()
    return judge.count


@dataclass
class _Run:
    vault: Vault
    receiver: Receiver
    judge: Judge
    clock: Clock
    chance: random.Random
    working: list[BaseProcess] = field(default_factory=list[BaseProcess])

    async def play(self, secret: Secret, events: int, kills: int) -> None:
        endpoint = Endpoint("wh_1", TENANT, self.receiver.url, (), self.clock.now())
        await Endpoints(self.vault.database, self.vault.data_keys).add(endpoint, secret)
        self._forks = multiprocessing.get_context("forkserver")
        self._forks.set_forkserver_preload(["tests.events.soaking"])
        try:
            for _ in range(PROCESSES):
                self._start()
            async with asyncio.timeout(LONGEST_S):
                await self._write_and_kill(events, kills)
                await self._settle(endpoint)
        finally:
            for process in self.working:
                process.kill()
                process.join()

    async def _write_and_kill(self, events: int, kills: int) -> None:
        """Each time a part of the events is written and half of them were taken, one process is killed."""
        for kill in range(1, kills + 1):
            goal = events * kill // kills
            while len(self.judge.count.written) < goal:
                await self._write(min(BATCH, goal - len(self.judge.count.written)))
            while self.judge.taken() < goal - events // kills // 2:
                await self.clock.sleep(0.001)
            await self.clock.sleep(self.chance.uniform(0, 0.02))
            self._kill()

    async def _write(self, number: int) -> None:
        now = self.clock.now()
        made = [refresh_failing(account(self.chance.randrange(ACCOUNTS)), "http_503", now) for _ in range(number)]
        await self.vault.database.write(lambda session: _add(session, made))
        self.judge.count.written += [event.id for event in made]

    async def _settle(self, endpoint: Endpoint) -> None:
        """Until nothing waits; what was given up is replayed."""
        deliveries = Deliveries(self.vault.database, self.vault.data_keys)
        while True:
            while deliveries.slots(self.clock.now()):
                await self.clock.sleep(0.02)
            latest = deliveries.latest(endpoint.key, len(self.judge.count.written))
            dead = {each.event_id for each in latest if each.state == "dead"}
            if not dead:
                return
            with self.judge.lock:
                self.judge.count.given_up |= dead
            await deliveries.replay(endpoint.key, 0, self.clock.now(), only_dead=True)

    def _kill(self) -> None:
        victim = self.working.pop(self.chance.randrange(len(self.working)))
        victim.kill()
        victim.join()
        self.judge.count.kills += 1
        self._start()

    def _start(self) -> None:
        process = self._forks.Process(target=deliver, args=(self.vault.folder, os.getpid()), daemon=True)
        process.start()
        self.working.append(process)


def _add(session: Session, events: list[Event]) -> None:
    for event in events:
        add_event(session, event)
        session.flush()


def deliver(home: Path, parent: int) -> None:
    """What a process does until it is killed."""
    asyncio.run(_deliver(home, parent))


async def _deliver(home: Path, parent: int) -> None:
    clock, guard = SystemClock(), Guard(permitted=permitted(["127.0.0.1"]))
    vault = open_vault(home, "file", lambda: None, clock)
    # An empty trust store: loading the system's would take longer than the rest of the start.
    network = Network(guard, httpx2.Limits(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    patience = Patience(
        random.SystemRandom(),
        schedule_s=SCHEDULE_S,
        probe_s=0.002,
        longest_probe_s=0.02,
        gives_up_after=timedelta(days=1),
    )
    async with httpx2.AsyncClient(transport=network) as http:
        deliveries = Deliveries(vault.database, vault.data_keys)
        dispatcher = Dispatcher(deliveries, Post(http, guard, DEADLINE_S), patience, clock, lease_s=LEASE_S)
        while os.getppid() == parent or multiprocessing.parent_process() is not None:
            await dispatcher.deliver_due()
            await clock.sleep(REST_S)
