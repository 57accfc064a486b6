"""`/v1/webhook_endpoints`: a tenant's receivers of events."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pydantic import AwareDatetime, Field, StrictInt
from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Answer, Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.paging import Page, Paged, page_of
from evergrant.entry.api.problem import BadRequest, answer, problem
from evergrant.entry.api.query import query_of
from evergrant.events.target import BadTarget
from evergrant.model.endpoint import DeliveryState, Endpoint, EndpointState
from evergrant.model.event import EventType
from evergrant.service.webhooks import CannotAddWebhook, NoSuchWebhook, Webhooks, since_of

TAG = "webhooks"
PATH = "/webhook_endpoints"
ONE = f"{PATH}/{{endpoint_id}}"
OfOne = Callable[[Request, Endpoint], Awaitable[Response]]


class WebhookWanted(Body):
    url: str
    types: list[EventType] = Field(default=[], description="None are all.")


class ReplayWanted(Body):
    since: StrictInt | str = Field(description="An event's seq, or a time (ISO 8601).")
    dead: bool = False


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


class WebhookAdded(WebhookEndpoint):
    secret: str = Field(description="What messages are signed with. It is told this once.")


class WebhookList(Page):
    webhook_endpoints: list[WebhookEndpoint]


class _Listed(Paged):
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


LIST = Operation("List the webhook endpoints", WebhookList, TAG, query=_Listed)
ADD = Operation(
    "Add a webhook endpoint",
    WebhookAdded,
    TAG,
    status=201,
    takes=WebhookWanted,
    example={"url": "https://hooks.example.com/evergrant", "types": ["agent.auth.reauth_required"]},
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


def webhook_routes(api: Api, webhooks: Webhooks) -> Sequence[Described]:
    """List, add, remove, test, replay. The secret is in the answer to `POST`, and never again."""
    on = _Answers(webhooks)
    return [
        api.operator_route(PATH, "GET", on.listed, LIST),
        api.operator_route(PATH, "POST", on.add, ADD),
        api.operator_route(ONE, "DELETE", on.one(on.remove), REMOVE),
        api.operator_route(f"{ONE}/test", "POST", on.one(on.test), TEST),
        api.operator_route(f"{ONE}/replay", "POST", on.one(on.replay), REPLAY),
    ]


@dataclass(frozen=True, slots=True)
class _Answers:
    webhooks: Webhooks

    async def listed(self, request: Request, tenant_id: str) -> Response:
        found, following = page_of(
            query_of(request, _Listed),
            lambda after, limit: self.webhooks.endpoints.after(tenant_id, after, limit),
            lambda endpoint: endpoint.id,
        )
        return answer({"webhook_endpoints": [one.as_json() for one in found], "next_cursor": following})

    async def add(self, request: Request, tenant_id: str) -> Response:
        given = await body_of(request, WebhookWanted)
        try:
            endpoint, secret = await self.webhooks.add(tenant_id, given.url, given.types)
        except (BadTarget, CannotAddWebhook) as error:
            raise BadRequest(str(error), "Correct it and send it again.", "cannot_add") from None
        return answer({**endpoint.as_json(), "secret": secret.reveal()}, 201)

    async def remove(self, _request: Request, endpoint: Endpoint) -> Response:
        await self.webhooks.remove(endpoint)
        return answer({"removed": endpoint.id})

    async def test(self, _request: Request, endpoint: Endpoint) -> Response:
        tried = await self.webhooks.test(endpoint)
        error = tried.reply.error or None
        return answer({"delivered": tried.reply.ok, "error": error, "webhook_id": tried.message_id})

    async def replay(self, request: Request, endpoint: Endpoint) -> Response:
        given = await body_of(request, ReplayWanted)
        since = since_of(str(given.since))
        if since is None:
            raise BadRequest("since is neither an event's seq nor a time.", "Write 12, or 2026-05-25T08:00:00Z.")
        number = await self.webhooks.replay(endpoint, since, only_dead=given.dead)
        return answer({"replayed": number, "state": endpoint.state})

    def one(self, work: OfOne) -> Answer:
        """`work` on the endpoint that the path names."""

        async def found(request: Request, tenant_id: str) -> Response:
            try:
                endpoint = self.webhooks.find(tenant_id, request.path_params["endpoint_id"])
            except NoSuchWebhook:
                return problem(404, "not_found", "There is no such webhook endpoint.", f"List them: GET /v1{PATH}")
            return await work(request, endpoint)

        return found
