"""What goes wrong in the demo's day: a laptop that sleeps, a server that is killed, a grant that is revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from evergrant.demo.connecting import consent
from evergrant.demo.facts import Crash, Revocation, Storm
from evergrant.demo.services import Service
from evergrant.demo.stage import Stage
from evergrant.demo.victim import Errand, killed

SLEEP = timedelta(hours=3)
FAILPOINT = "before_commit"
"""The worst moment: the provider has rotated the refresh token, and nothing of it is on disk."""


def clock_time(moment: datetime) -> str:
    """The time of day, HH:MM."""
    return f"{moment:%H:%M}"


async def sleep(stage: Stage) -> list[Storm]:
    """Nothing runs for three hours; then fifty calls at once on each service, before any job has had its turn."""
    _pause(stage, SLEEP)
    return [await _storm(stage, service) for service in stage.services]


async def crash(stage: Stage, service: Service) -> Crash:
    """The server stands still until the token has expired, and is killed in its first refresh; then fifty calls."""
    _pause(stage, timedelta(seconds=service.token_life_s))
    at, before = stage.clock.now(), stage.tally(service).refreshes
    key = stage.accounts[service.name].key
    was_killed = await killed(Errand(stage.app.settings.home, stage.connectors, at, key, FAILPOINT))
    refreshes = stage.tally(service).refreshes - before
    storm = await _storm(stage, service)
    waited = stage.clock.now() - at  # until the victim's request can no longer be under way
    stage.lives.pause(waited.total_seconds())
    return Crash(service.name, clock_time(at), FAILPOINT, was_killed, refreshes, waited.total_seconds(), storm)


def _pause(stage: Stage, length: timedelta) -> None:
    stage.clock.advance_to(stage.clock.now() + length)
    stage.lives.pause(length.total_seconds())


async def _storm(stage: Stage, service: Service) -> Storm:
    at, ledger = stage.clock.now(), stage.agent.ledgers[service.name]
    refreshes, failures = stage.tally(service).refreshes, ledger.failures
    calls = await stage.agent.storm(service.name)
    made = stage.tally(service).refreshes - refreshes
    return Storm(service.name, clock_time(at), calls, made, ledger.failures - failures)


@dataclass(frozen=True, slots=True)
class Revoked:
    """A grant that was ended at the provider and waits for its person."""

    service: Service
    at: datetime
    others: int
    """Results of the other services until then."""


def revoke(stage: Stage, service: Service) -> Revoked:
    """The user takes the consent back at the provider; nobody tells us."""
    stage.sandbox.revoke(client_id=service.name)
    stage.lives.end(service.name, stage.clock.now())
    return Revoked(service, stage.clock.now(), _results_of_others(stage, service))


async def restore(stage: Stage, revoked: Revoked) -> Revocation:
    """The person follows the link that a paused call came with, and the paused calls go on."""
    service, now = revoked.service, stage.clock.now()
    ledger, others = stage.agent.ledgers[service.name], _results_of_others(stage, revoked.service) - revoked.others
    link = ledger.link or stage.app.links.reauth(stage.accounts[service.name].key)
    account = await consent(stage.app, service, link)
    stage.accounts[service.name] = account
    stage.lives.begin(service.name, now)
    await stage.agent.resume(service.name)
    return Revocation(
        service=service.name,
        at=clock_time(revoked.at),
        reconnected_at=clock_time(now),
        event_after_s=_seconds_to_event(stage, account.id, revoked.at),
        paused=ledger.paused_ever,
        untold=ledger.untold,
        resumed=ledger.resumed,
        others_went_on=others,
    )


def _results_of_others(stage: Stage, service: Service) -> int:
    return sum(ledger.results for name, ledger in stage.agent.ledgers.items() if name != service.name)


def _seconds_to_event(stage: Stage, account_id: str, since: datetime) -> float | None:
    arrived = (
        event.at
        for event in stage.receiver.taken
        if event.account_id == account_id and event.type == "agent.auth.reauth_required" and event.at >= since
    )
    first = next(arrived, None)
    return None if first is None else (first - since).total_seconds()
