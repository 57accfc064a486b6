"""What `/v1/webhook_endpoints` takes and gives."""

from pydantic import AwareDatetime, Field, StrictInt

from evergrant.entry.api.body import Body
from evergrant.entry.api.operation import Given, Operation
from evergrant.entry.api.paging import Page, Paged
from evergrant.model.endpoint import DeliveryState, EndpointState
from evergrant.model.event import EventType

TAG = "webhooks"


class WebhookWanted(Body):
    url: str
    types: list[EventType] = Field(default=[], description="None are all.")


class ReplayWanted(Body):
    since: StrictInt | str = Field(description="An event's seq, or a time (ISO 8601).")
    dead: bool = False


class WebhookChange(Body):
    state: EndpointState


class WebhookEndpoint(Given):
    id: str
    url: str
    types: list[EventType]
    state: EndpointState
    reason: str | None = Field(description="Why it is disabled.")
    failures: int = Field(description="In a row.")
    failing_since: AwareDatetime | None
    next_attempt_not_before: AwareDatetime | None
    last_error: str | None
    delivered_at: AwareDatetime | None
    former_secret_until: AwareDatetime | None
    deliveries: dict[DeliveryState, int] = Field(description="How many there are in each state.")
    created_at: AwareDatetime


class WebhookWithSecret(WebhookEndpoint):
    secret: str = Field(description="What messages are signed with. It is told this once.")


class WebhookList(Page):
    webhook_endpoints: list[WebhookEndpoint]


class Listed(Paged):
    pass


class WebhookRemoved(Given):
    removed: str


class WebhookTried(Given):
    delivered: bool
    error: str | None
    webhook_id: str


class WebhookReplayed(Given):
    replayed: int
    state: EndpointState


LIST = Operation("List the webhook endpoints", WebhookList, TAG, query=Listed)
ADD = Operation(
    "Add a webhook endpoint",
    WebhookWithSecret,
    TAG,
    status=201,
    takes=WebhookWanted,
    example={"url": "https://hooks.example.com/evergrant", "types": ["agent.auth.reauth_required"]},
)
CHANGE = Operation(
    "Enable or disable a webhook endpoint",
    WebhookEndpoint,
    TAG,
    takes=WebhookChange,
    errors=(404,),
    detail="While it is disabled its events wait. To enable it forgets its failures and has what waits sent at once.",
    example={"state": "disabled"},
)
REMOVE = Operation("Remove a webhook endpoint", WebhookRemoved, TAG, errors=(404,), detail="The events stay.")
TEST = Operation("Send a signed test message to a webhook endpoint", WebhookTried, TAG, errors=(404,))
REPLAY = Operation(
    "Have events sent to a webhook endpoint again",
    WebhookReplayed,
    TAG,
    takes=ReplayWanted,
    errors=(404,),
    example={"since": "2026-05-25T08:00:00Z", "dead": True},
)
ROTATE = Operation(
    "Change the secret of a webhook endpoint",
    WebhookWithSecret,
    TAG,
    errors=(404,),
    detail="For a day messages carry a signature of the former secret too, but of none before that. So send an "
    "`Idempotency-Key`, and ask again with it where the answer is lost.",
)
