"""A token endpoint that is down for two hours, in one of the ways in which they are."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.day.network import Cut, no_answer, no_name
from tests.day.services import GOOGLE, HUBSPOT, Provider
from tests.day.world import World, opened, working

from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import Failure
from evergrant.sandbox.behaviour import Rotation
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.settings import LOCAL_TENANT

BEGINS_S, LASTS_S = 3600.0, 7200.0
BACK_S = BEGINS_S + LASTS_S
RECOVERY_S = 60.0
CALLS_EVERY_S = 600.0
PROVIDERS = (
    Provider(HUBSPOT, Rotation.GRACE_SAME),
    Provider(HUBSPOT, Rotation.STRICT_FAMILY),
    Provider(GOOGLE, Rotation.NEVER),
)


class Outage(StrEnum):
    """How it is down."""

    NO_ANSWER = "no answer"
    STATUS_503 = "503"
    HTML = "HTML with 200"
    NO_NAME = "no such name"


CUTS: dict[Outage, Cut] = {Outage.NO_ANSWER: no_answer, Outage.NO_NAME: no_name}
FAULTS = {Outage.STATUS_503: FaultKind.STATUS_503, Outage.HTML: FaultKind.HTML}


@dataclass
class Endured:
    """What came of it."""

    events: Counter[str] = field(default_factory=Counter[str])
    alive: Counter[str] = field(default_factory=Counter[str])
    """What calls came to while the account's access token lived; "ok" for a result, else the code."""
    ended: Counter[str] = field(default_factory=Counter[str])
    """The same once it had ended."""
    most_attempts: int = 0
    """The most token requests for one account while the endpoint was down."""
    not_recovered: int = 0
    """Accounts without a fresh grant a minute after its return."""
    expired_sends: int = 0
    double_exchanges: int = 0
    most_in_flight: int = 0

    @property
    def reauth_events(self) -> int:
        """How often somebody was asked to reconnect."""
        return self.events["agent.auth.reauth_required"]


async def endure(folder: Path, outage: Outage, *, accounts_each: int) -> Endured:
    """Play an hour of calm, two hours of outage, and a minute for the recovery."""
    endured = Endured()
    async with opened(folder, PROVIDERS) as world:
        accounts = [await world.connect(provider) for provider in PROVIDERS for _ in range(accounts_each)]
        async with asyncio.TaskGroup() as group, working(world):
            calling = group.create_task(_keep_calling(world, accounts, endured))
            await world.until(BEGINS_S)
            held = {_refresh_token(world, account) for account in accounts}
            _begin(world, outage)
            await world.until(BACK_S)
            _end(world)
            await world.until(BACK_S + RECOVERY_S)
            calling.cancel()
        endured.most_attempts = _most_attempts(world, held)
        _count(world, accounts, endured)
    return endured


def _begin(world: World, outage: Outage) -> None:
    world.network.cut = CUTS.get(outage)
    if kind := FAULTS.get(outage):
        world.sandbox.faults.add(Fault(kind=kind))


def _end(world: World) -> None:
    world.network.cut = None
    world.sandbox.faults.clear()


async def _keep_calling(world: World, accounts: list[ConnectedAccount], endured: Endured) -> None:
    """Every account is called every ten minutes, not all at the same moment."""
    async with asyncio.TaskGroup() as group:
        while True:
            for account in accounts:
                group.create_task(_one_call(world, account, endured))
                await world.true.sleep(CALLS_EVERY_S / len(accounts))


async def _one_call(world: World, account: ConnectedAccount, endured: Endured) -> None:
    lives = world.grant(account).usable(world.clock.now())
    outcome = await world.call(account)
    became = outcome.code if isinstance(outcome, Failure) else "ok"
    (endured.alive if lives else endured.ended)[became] += 1


def _refresh_token(world: World, account: ConnectedAccount) -> str:
    token = world.grant(account).refresh_token
    assert token is not None
    return token.reveal()


def _most_attempts(world: World, held: set[str]) -> int:
    """No exchange succeeds meanwhile, so an account sends the token that it held; a probe sends none of them."""
    meanwhile = (each.refresh_token for each in world.network.token_requests if BEGINS_S <= each.at < BACK_S)
    return max(Counter(token for token in meanwhile if token in held).values(), default=0)


def _count(world: World, accounts: list[ConnectedAccount], endured: Endured) -> None:
    count, now = world.sandbox.count, world.clock.now()
    endured.events.update(event.type for event in world.app.outbox.after(LOCAL_TENANT, 0, 10_000))
    endured.not_recovered = sum(not world.grant(account).usable(now) for account in accounts)
    endured.expired_sends, endured.double_exchanges = count.api_expired_token, count.spent_presented
    endured.most_in_flight = max(world.network.most_in_flight.values())
