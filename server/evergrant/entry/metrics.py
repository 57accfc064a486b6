"""What a monitor reads of this process, in Prometheus's text form."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from evergrant.calls.trace import CallTrace
from evergrant.model.audit import AuditRecord
from evergrant.model.clock import Clock
from evergrant.model.exchange import Death, Exchange
from evergrant.service.journal import Journal
from evergrant.vault.census import Counts

BUCKETS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
NONE = ""
"""The connector of a call whose tool does not exist."""


Labels = tuple[str, ...]
COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "calls": ("Tool calls that ended.", ("connector", "tool", "outcome")),
    "provider_requests": ("Requests sent for tool calls.", ("connector",)),
    "provider_request_bytes": ("Bytes of their bodies.", ("connector",)),
    "provider_response_bytes": ("Bytes of the bodies of their answers.", ("connector",)),
    "refreshes": ("Exchanges of a refresh token.", ("connector", "result")),
    "grant_deaths": ("Grants that were found dead.", ("connector", "cause")),
    "rotation_lost": ("Grants that died of an exchange whose end was not known.", ("connector",)),
    "expired_token_sends": (
        "Requests with an access token that had ended, by our clock or by the provider's word.",
        ("connector", "found_by"),
    ),
}
"""By name, without prefix and `_total`: what each counts, and its labels."""
FOUND_BY = ("clock", "provider")


class Tally(Collector):
    """Counts calls and renewals of this process (`evergrant.service.audit.Counters`).

    Labels have few values by nature: services, tools, codes of ours. Tenants, accounts and callers are none: they
    would be many, and a monitor need not know them.
    """

    def __init__(self) -> None:
        self._counts: dict[str, dict[Labels, int]] = {name: defaultdict(int) for name in COUNTERS}
        self._durations: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))
        self._seconds: dict[str, float] = defaultdict(float)

    def called(self, record: AuditRecord, trace: CallTrace) -> None:
        """A call has ended."""
        connector = record.connector or NONE
        self._add("calls", 1, connector, record.tool or NONE, record.outcome)
        self._durations[connector][bisect_left(BUCKETS_S, record.duration_s)] += 1
        self._seconds[connector] += record.duration_s
        if record.requests:
            self._add("provider_requests", record.requests, connector)
            self._add("provider_request_bytes", record.request_bytes, connector)
            self._add("provider_response_bytes", record.response_bytes, connector)
        for found_by, number in zip(FOUND_BY, (trace.sent_ended, trace.refused), strict=True):
            if number:
                self._add("expired_token_sends", number, connector, found_by)

    def renewed(self, news: Exchange | Death) -> None:
        """An exchange has ended, or a grant was found dead."""
        if isinstance(news, Exchange):
            self._add("refreshes", 1, news.connector, news.result)
            return
        self._add("grant_deaths", 1, news.connector, news.cause)
        if news.cause == "rotation_lost":
            self._add("rotation_lost", 1, news.connector)

    def begin(self, connector: str) -> None:
        """Have the objectives' counters of a service stand at zero: a rate is told from the second value on."""
        self._add("rotation_lost", 0, connector)
        for found_by in FOUND_BY:
            self._add("expired_token_sends", 0, connector, found_by)

    @override
    def collect(self) -> Iterator[Metric]:
        for name, (said, labels) in COUNTERS.items():
            family = CounterMetricFamily(f"evergrant_{name}", said, labels=labels)
            for values, number in sorted(self._counts[name].items()):
                family.add_metric(values, number)
            yield family
        yield self._histogram()

    def _histogram(self) -> Metric:
        name, said = "evergrant_call_duration_seconds", "How long tool calls took."
        family = HistogramMetricFamily(name, said, labels=("connector",))
        for connector, numbers in sorted(self._durations.items()):
            bounds = [*(str(bound) for bound in BUCKETS_S), "+Inf"]
            buckets = list(zip(bounds, accumulate(numbers), strict=True))
            family.add_metric([connector], buckets, self._seconds[connector])
        return family

    def _add(self, name: str, number: int, *labels: str) -> None:
        self._counts[name][labels] += number


@dataclass(slots=True, eq=False)
class State(Collector):
    """What is counted at each reading: how accounts, kept calls, deliveries and the audit stand."""

    clock: Clock
    journal: Journal
    counts: Counts | None = None
    """The latest; None where the vault cannot be read."""

    @override
    def collect(self) -> Iterator[Metric]:
        yield _gauge("vault_readable", "Whether the vault's database could be read just now.", self.counts is not None)
        yield _gauge("audit_lines_waiting", "Lines of the audit on their way to the disk.", len(self.journal))
        yield _counter("audit_lines_lost", "Lines of the audit that were given up.", self.journal.lost)
        yield _counter("audit_write_failures", "Writes of the audit that failed.", self.journal.failures)
        yield from _of_vault(self.counts, self.clock.now()) if self.counts else ()


def _of_vault(counts: Counts, now: datetime) -> Iterator[Metric]:
    accounts = GaugeMetricFamily("evergrant_accounts", "Connected accounts.", labels=["connector", "state", "cause"])
    for connector, state, cause, number in counts.accounts:
        accounts.add_metric([connector, state, cause], number)
    yield accounts
    held = GaugeMetricFamily("evergrant_held_calls", "Calls that are kept.", labels=["status"])
    for status in sorted({"waiting", "running", *counts.held_calls}):
        held.add_metric([status], counts.held_calls.get(status, 0))
    yield held
    faulty = GaugeMetricFamily("evergrant_faulty_connections", "OAuth clients that are refused.", labels=["connector"])
    for connector, number in counts.faulty_connections.items():
        faulty.add_metric([connector], number)
    yield faulty
    yield _gauge("event_deliveries_waiting", "Events on their way to a webhook.", counts.deliveries_waiting)
    yield _gauge("event_delivery_lag_seconds", "How late the latest of them is.", _late(counts.oldest_delivery_at, now))
    yield _gauge("refresh_lag_seconds", "How late the latest renewal is.", _late(counts.next_refresh_at, now))


def _late(due: datetime | None, now: datetime) -> float:
    return max((now - due).total_seconds(), 0.0) if due else 0.0


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(f"evergrant_{name}", said, value=value)


def _counter(name: str, said: str, value: float) -> Metric:
    return CounterMetricFamily(f"evergrant_{name}", said, value=value)


Take = Callable[[], Counts]
"""Counts the vault; raises StoreUnavailable."""
