"""Webhook endpoints as their operator handles them: add and try, stop and go on, replay, change the secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evergrant.dial.guard import Guard
from evergrant.events.message import new_secret, trial
from evergrant.events.send import Post, Reply
from evergrant.events.target import check_target
from evergrant.model.clock import Clock
from evergrant.model.endpoint import Delivery, Endpoint, EndpointKey
from evergrant.model.event import EVENT_TYPES, unknown_types
from evergrant.model.ids import new_id
from evergrant.model.secret import Secret
from evergrant.vault.deliveries import Deliveries
from evergrant.vault.endpoints import Endpoints

MOST = 20
"""Endpoints of a tenant: each event is sent to every one of them."""
OVERLAP = timedelta(hours=24)
"""How long the former secret signs too."""
SHOWN = 20
BY_HAND = "disabled by its operator"


class NoSuchWebhook(Exception):
    """The tenant has no endpoint of that id."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"There is no webhook {endpoint_id!r}. See which there are: evergrant webhooks list")


class CannotAddWebhook(Exception):
    """What was asked for cannot be; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test message."""

    reply: Reply
    message_id: str
    took_s: float


@dataclass(frozen=True, slots=True)
class Webhooks:
    """A tenant's webhook endpoints."""

    endpoints: Endpoints
    deliveries: Deliveries
    post: Post
    guard: Guard
    clock: Clock

    async def add(self, tenant_id: str, url: str, types: Sequence[str] = ()) -> tuple[Endpoint, Secret]:
        """A new endpoint and what it will sign with, which is told this once; raises BadTarget, CannotAddWebhook."""
        if unknown := unknown_types(types):
            raise CannotAddWebhook(f"There is no event type {unknown[0]!r}. There are: {', '.join(EVENT_TYPES)}.")
        if len(self.endpoints.all(tenant_id)) >= MOST:
            raise CannotAddWebhook(f"There are {MOST} webhooks already. First take one away: evergrant webhooks remove")
        await check_target(url, self.guard)
        now, secret = self.clock.now(), new_secret()
        endpoint = Endpoint(new_id("wh", now), tenant_id, url, tuple(dict.fromkeys(types)), now)
        await self.endpoints.add(endpoint, secret)
        return endpoint, secret

    def find(self, tenant_id: str, endpoint_id: str) -> Endpoint:
        """The tenant's endpoint; raises NoSuchWebhook."""
        endpoint = self.endpoints.get(EndpointKey(tenant_id, endpoint_id))
        if endpoint is None:
            raise NoSuchWebhook(endpoint_id)
        return endpoint

    def latest(self, endpoint: Endpoint) -> list[Delivery]:
        """What became of the latest events."""
        return self.deliveries.latest(endpoint.key, SHOWN)

    async def test(self, endpoint: Endpoint) -> Tried:
        """Send a signed message now, also to an endpoint that is disabled; nothing is stored. Raises SealBroken."""
        now, begun = self.clock.now(), self.clock.monotonic()
        message = trial(endpoint.tenant_id, now)
        reply = await self.post.send(endpoint.url, message, self.endpoints.secrets(endpoint.key, now), now)
        return Tried(reply, message.id, self.clock.monotonic() - begun)

    async def replay(self, endpoint: Endpoint, since: int | datetime, *, only_dead: bool = False) -> int:
        """Have the events since then sent again; returns how many they are."""
        return await self.deliveries.replay(endpoint.key, since, self.clock.now(), only_dead=only_dead)

    async def rotate_secret(self, endpoint: Endpoint) -> Secret:
        """A new secret, told this once; for a day messages are signed with the former one too. Raises NoSuchWebhook."""
        secret = new_secret()
        if not await self.endpoints.rotate(endpoint.key, secret, self.clock.now() + OVERLAP):
            raise NoSuchWebhook(endpoint.id)
        return secret

    async def enable(self, endpoint: Endpoint) -> None:
        """Go on; what has waited is sent at once."""
        await self.endpoints.enable(endpoint.key, self.clock.now())

    async def disable(self, endpoint: Endpoint) -> None:
        """Stop; events wait until it is enabled."""
        await self.endpoints.disable(endpoint.key, BY_HAND)

    async def remove(self, endpoint: Endpoint) -> None:
        """Forget the endpoint, its secret and its deliveries; the events stay in the outbox."""
        await self.endpoints.remove(endpoint.key)


def since_of(text: str) -> int | datetime | None:
    """An event's number, or a time (ISO 8601; UTC where it names no zone); None for what is neither."""
    if text.isascii() and text.isdigit():
        return int(text[:15])
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the second at an end of the calendar, in another zone
        return None
