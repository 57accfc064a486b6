"""`/v1/webhook_endpoints`: a tenant's receivers of events."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pydantic import StrictInt
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Answer, Api, BadRequest
from evergrant.entry.api.problem import answer, problem
from evergrant.events.target import BadTarget
from evergrant.model.endpoint import Endpoint
from evergrant.service.webhooks import CannotAddWebhook, NoSuchWebhook, Webhooks, since_of

PATH = "/webhook_endpoints"
ONE = f"{PATH}/{{endpoint_id}}"
OfOne = Callable[[Request, Endpoint], Awaitable[Response]]


class _Add(Body):
    url: str
    types: list[str] = []


class _Replay(Body):
    since: StrictInt | str
    """An event's seq, or a time (ISO 8601)."""
    dead: bool = False


def webhook_routes(api: Api, webhooks: Webhooks) -> Sequence[Route]:
    """List, add, remove, test, replay. The secret is in the answer to `POST`, and never again."""
    on = _Answers(webhooks)
    return [
        api.operator_route(PATH, "GET", on.listed),
        api.operator_route(PATH, "POST", on.add),
        api.operator_route(ONE, "DELETE", on.one(on.remove)),
        api.operator_route(f"{ONE}/test", "POST", on.one(on.test)),
        api.operator_route(f"{ONE}/replay", "POST", on.one(on.replay)),
    ]


@dataclass(frozen=True, slots=True)
class _Answers:
    webhooks: Webhooks

    async def listed(self, _request: Request, tenant_id: str) -> Response:
        return answer({"webhook_endpoints": [one.as_json() for one in self.webhooks.endpoints.all(tenant_id)]})

    async def add(self, request: Request, tenant_id: str) -> Response:
        given = await body_of(request, _Add)
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
        given = await body_of(request, _Replay)
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
