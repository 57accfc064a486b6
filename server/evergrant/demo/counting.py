"""The end of the demo's day: the provider's counts and the agent's ledger, side by side."""

from collections import Counter

from evergrant.demo.agent import Ledger, events
from evergrant.demo.day import Happened
from evergrant.demo.facts import Deliveries, EventSeen, ServiceReport
from evergrant.demo.report import Report
from evergrant.demo.scenes import clock_time
from evergrant.demo.services import Service
from evergrant.demo.stage import Stage


def report(stage: Stage, happened: Happened, *, hours: int, seed: int, wall_s: float) -> Report:
    """What the day came to."""
    seen = tuple(
        EventSeen(clock_time(event.occurred_at), event.type, event.data["provider"])
        for event in events(stage.app.outbox)
    )
    return Report(
        hours=hours,
        seed=seed,
        wall_s=round(wall_s, 1),
        services=tuple(_service(stage, happened, each, seen, hours) for each in stage.services),
        storms=tuple(happened.storms),
        crash=happened.crash,
        revocation=happened.revocation,
        events=seen,
        deliveries=Deliveries(len(seen), len(stage.receiver.taken), stage.receiver.refused),
    )


def _service(
    stage: Stage, happened: Happened, service: Service, seen: tuple[EventSeen, ...], hours: int
) -> ServiceReport:
    tally, ledger = stage.tally(service), stage.agent.ledgers[service.name]
    least, most = stage.lives.bounds(service.name, service.token_life_s)
    twice = _made_twice(happened, service)
    return ServiceReport(
        service=service.name,
        title=service.title,
        token_life_s=service.token_life_s,
        refreshes_if_used_up=hours * 3600 // service.token_life_s,
        refreshes_least=least + twice,
        refreshes_most=most + twice,
        refreshes=tally.refreshes,
        calls=ledger.calls,
        results=ledger.results,
        paused=ledger.paused_ever,
        resumed=ledger.resumed,
        failed=dict(ledger.failed),
        expired_token_sends=tally.api_expired_token,
        double_refreshes=tally.spent_presented,
        resends=tally.spent_resent,
        silent_skips=ledger.silent_skips,
        rows_written=len(ledger.written),
        rows_wrong=_wrong_rows(stage, service, ledger),
        lost_grants=_lost(stage, happened, service, seen),
    )


def _made_twice(happened: Happened, service: Service) -> int:
    """Refreshes that a victim made and that were made again."""
    crash = happened.crash
    return crash.refreshes_of_victim if crash and crash.service == service.name else 0


def _wrong_rows(stage: Stage, service: Service, ledger: Ledger) -> int:
    stored = Counter(str(cells[0]) for cells in stage.sandbox.book(service.user).rows)
    written = Counter(ledger.written)
    return ((stored - written) + (written - stored)).total()


def _lost(stage: Stage, happened: Happened, service: Service, seen: tuple[EventSeen, ...]) -> int:
    """Grants that died though nobody had revoked them; a grant that has died and was not restored counts too."""
    asked = sum((each.event, each.service) == ("agent.auth.reauth_required", service.name) for each in seen)
    met = happened.revocation
    on_purpose = 1 if met and met.service == service.name else 0
    stored = stage.app.accounts.get(stage.accounts[service.name].key)
    return max(asked - on_purpose, int(stored is None or stored.state != "active"))
