"""Webhook endpoints, as the rest of the program sees them: where a tenant's events are sent. Never their secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from evergrant.model.json import Json

EndpointState = Literal["enabled", "disabled"]
DeliveryState = Literal["waiting", "delivered", "dead", "superseded"]


class EndpointKey(NamedTuple):
    """What every look-up of an endpoint names."""

    tenant_id: str
    endpoint_id: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver of events, and how it has behaved."""

    id: str
    tenant_id: str
    url: str
    types: tuple[str, ...]
    """The event types that it asked for; none are all."""
    created_at: datetime
    state: EndpointState = "enabled"
    reason: str | None = None
    """Why it is disabled."""
    failures: int = 0
    """In a row."""
    failing_since: datetime | None = None
    not_before: datetime | None = None
    """It is left alone until then."""
    last_error: str | None = None
    delivered_at: datetime | None = None
    former_until: datetime | None = None
    """Until when its former secret signs too."""
    deliveries: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many there are in each state, those that have any."""

    @property
    def key(self) -> EndpointKey:
        return EndpointKey(self.tenant_id, self.id)

    def as_json(self) -> dict[str, Json]:
        """As programs read it."""
        return {
            "id": self.id,
            "url": self.url,
            "types": list(self.types),
            "state": self.state,
            "reason": self.reason,
            "failures": self.failures,
            "failing_since": _iso(self.failing_since),
            "next_attempt_not_before": _iso(self.not_before),
            "last_error": self.last_error,
            "delivered_at": _iso(self.delivered_at),
            "former_secret_until": _iso(self.former_until),
            "deliveries": dict(self.deliveries),
            "created_at": _iso(self.created_at),
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint, or at its end."""

    seq: int
    event_id: str
    type: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    last_error: str | None
    ended_at: datetime | None

    def as_json(self) -> dict[str, Json]:
        """As programs read it."""
        return {
            "seq": self.seq,
            "event_id": self.event_id,
            "type": self.type,
            "state": self.state,
            "attempts": self.attempts,
            "due_at": _iso(self.due_at),
            "last_error": self.last_error,
            "ended_at": _iso(self.ended_at),
        }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
