"""`/v1/webhook_endpoints`: a tenant's receivers of events."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api import webhook_forms as forms
from evergrant.entry.api.body import body_of
from evergrant.entry.api.guard import Answer, Api
from evergrant.entry.api.operation import Described
from evergrant.entry.api.paging import page_of
from evergrant.entry.api.problem import BadRequest, answer, problem
from evergrant.entry.api.query import query_of
from evergrant.events.target import BadTarget
from evergrant.model.endpoint import Endpoint
from evergrant.model.principal import Principal
from evergrant.service.webhooks import CannotAddWebhook, NoSuchWebhook, Webhooks, since_of

PATH = "/webhook_endpoints"
ONE = f"{PATH}/{{endpoint_id}}"
OfOne = Callable[[Request, Endpoint], Awaitable[Response]]


def webhook_routes(api: Api, webhooks: Webhooks) -> Sequence[Described]:
    """List, add, enable and disable, remove, test, replay, change the secret. A secret is in the answer to the `POST`
    that made it, and never again."""
    on = _Answers(webhooks)
    return [
        api.operator_route(PATH, "GET", on.listed, forms.LIST),
        api.operator_route(PATH, "POST", on.add, forms.ADD),
        api.operator_route(ONE, "PATCH", on.one(on.change), forms.CHANGE),
        api.operator_route(ONE, "DELETE", on.one(on.remove), forms.REMOVE),
        api.operator_route(f"{ONE}/test", "POST", on.one(on.test), forms.TEST),
        api.operator_route(f"{ONE}/replay", "POST", on.one(on.replay), forms.REPLAY),
        api.operator_route(f"{ONE}/rotate_secret", "POST", on.one(on.rotate_secret), forms.ROTATE),
    ]


@dataclass(frozen=True, slots=True)
class _Answers:
    webhooks: Webhooks

    async def listed(self, request: Request, who: Principal) -> Response:
        found, following = page_of(
            query_of(request, forms.Listed),
            lambda after, limit: self.webhooks.endpoints.after(who.tenant_id, after, limit),
            lambda endpoint: endpoint.id,
        )
        return answer({"webhook_endpoints": [one.as_json() for one in found], "next_cursor": following})

    async def add(self, request: Request, who: Principal) -> Response:
        given = await body_of(request, forms.WebhookWanted)
        try:
            endpoint, secret = await self.webhooks.add(who.tenant_id, given.url, given.types)
        except (BadTarget, CannotAddWebhook) as error:
            raise BadRequest(str(error), "Correct it and send it again.", "cannot_add") from None
        return answer({**endpoint.as_json(), "secret": secret.reveal()}, 201)

    async def change(self, request: Request, endpoint: Endpoint) -> Response:
        given = await body_of(request, forms.WebhookChange)
        change = self.webhooks.enable if given.state == "enabled" else self.webhooks.disable
        await change(endpoint)
        return answer(self.webhooks.find(*endpoint.key).as_json())

    async def remove(self, _request: Request, endpoint: Endpoint) -> Response:
        await self.webhooks.remove(endpoint)
        return answer({"removed": endpoint.id})

    async def test(self, _request: Request, endpoint: Endpoint) -> Response:
        tried = await self.webhooks.test(endpoint)
        error = tried.reply.error or None
        return answer({"delivered": tried.reply.ok, "error": error, "webhook_id": tried.message_id})

    async def replay(self, request: Request, endpoint: Endpoint) -> Response:
        given = await body_of(request, forms.ReplayWanted)
        since = since_of(str(given.since))
        if since is None:
            raise BadRequest("since is neither an event's seq nor a time.", "Write 12, or 2026-05-25T08:00:00Z.")
        number = await self.webhooks.replay(endpoint, since, only_dead=given.dead)
        return answer({"replayed": number, "state": endpoint.state})

    async def rotate_secret(self, _request: Request, endpoint: Endpoint) -> Response:
        secret = await self.webhooks.rotate_secret(endpoint)
        return answer({**self.webhooks.find(*endpoint.key).as_json(), "secret": secret.reveal()})

    def one(self, work: OfOne) -> Answer:
        """`work` on the endpoint that the path names."""

        async def found(request: Request, who: Principal) -> Response:
            try:
                return await work(request, self.webhooks.find(who.tenant_id, request.path_params["endpoint_id"]))
            except NoSuchWebhook:
                return problem(404, "not_found", "There is no such webhook endpoint.", f"List them: GET /v1{PATH}")

        return found
