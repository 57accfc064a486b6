"""Who may call the HTTP API: bearers of a token, each for its tenant; and what they see of our failures."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from structlog.typing import FilteringBoundLogger

from evergrant.entry.api.idempotency_key import answered_once, keyed_of
from evergrant.entry.api.operation import Described, Operation
from evergrant.entry.api.problem import BadRequest, code_of, internal_error, problem, too_many_requests, unavailable
from evergrant.entry.api.query import query_of
from evergrant.entry.door import Door
from evergrant.entry.mcp.wall import Wall
from evergrant.model.principal import Principal
from evergrant.service.idempotency import Once
from evergrant.service.standing import Standing
from evergrant.service.tenant_pace import TenantPace
from evergrant.service.token_desk import OPERATE, TOOLS
from evergrant.store.database import StoreUnavailable, TenantGone
from evergrant.vault.seal import SealBroken

Answer = Callable[[Request, Principal], Awaitable[Response]]
"""What answers a request of a tenant's operator, who is told for what notes who did it."""
VaultAnswer = Callable[[Request], Awaitable[Response]]
"""What answers a request of whoever runs the vault."""
AgentAnswer = Callable[[Request, Standing], Awaitable[Response]]
"""What answers a request of anybody who bears a good token."""
Harmless = Callable[[Request, Standing], Awaitable[bool]]
"""Whether a request may be done again with no harm, so that nothing need be kept of it; raises BadRequest."""


async def _never(_: Request, __: Standing) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Api:
    """Makes the routes of `/v1`: no route of it answers without a good token, and none lets an exception out."""

    door: Door
    standing: Callable[[Principal], Standing]
    log: FilteringBoundLogger
    once: Once | None = None
    """What honours an Idempotency-Key; without it the header is not looked at."""
    pace: TenantPace | None = None
    """How many requests each tenant may make; None is as many as it likes."""

    def vault_route(self, path: str, method: str, answer: VaultAnswer, operation: Operation) -> Described:
        """`answer` at `/v1` + `path`, for whoever runs the vault: no tenant's key and no issuer's token will do."""

        async def for_the_vault(request: Request, who: Standing) -> Response:
            return await answer(request) if who.principal.vault_operator else _not_for_tenants()

        return self._route(path, method, for_the_vault, OPERATE, operation)

    def operator_route(self, path: str, method: str, answer: Answer, operation: Operation) -> Described:
        """`answer` at `/v1` + `path`, for bearers who see to a tenant and not only call its tools."""

        async def for_operators(request: Request, who: Standing) -> Response:
            if not who.principal.operator:
                return self.door.too_little(_not_for_agents(), OPERATE)
            return await answer(request, who.principal)

        return self._route(path, method, for_operators, OPERATE, operation)

    def agent_route(
        self, path: str, method: str, answer: AgentAnswer, operation: Operation, harmless: Harmless = _never
    ) -> Described:
        """`answer` at `/v1` + `path`, for bearers only; what is `harmless` is done whenever it comes, whatever its
        Idempotency-Key."""

        async def for_agents(request: Request, who: Standing) -> Response:
            response = await answer(request, who)
            lacks_scope = who.principal.wants_scope and _is_ours(response)
            return self.door.too_little(response, TOOLS) if lacks_scope else response

        return self._route(path, method, for_agents, TOOLS, operation, harmless=harmless)

    def _route(
        self,
        path: str,
        method: str,
        answer: AgentAnswer,
        wanted: str,
        operation: Operation,
        *,
        harmless: Harmless = _never,
    ) -> Described:
        async def guarded(request: Request) -> Response:
            admitted = await self.door.admit(request.headers, wanted)
            if isinstance(admitted, Response):
                return admitted
            with Wall(self.log, f"{method} /v1{path}") as wall:
                if self.pace is not None and (wait := self.pace.take(admitted.tenant_id)):
                    return too_many_requests(wait)
                return await self._answered(request, self.standing(admitted), answer, operation, harmless)
            return internal_error(wall.reference)

        return Described(f"/v1{path}", method, guarded, operation=operation, scope=wanted)

    async def _answered(
        self, request: Request, who: Standing, answer: AgentAnswer, operation: Operation, harmless: Harmless
    ) -> Response:
        async def said() -> Response:
            return await self._said(request, who, answer)

        try:
            query_of(request, operation.query)
            if self.once is None or not operation.honours_key(request.method):
                return await said()
            keyed = await keyed_of(request, who, operation)
            if keyed is None or await harmless(request, who):
                return await said()
            return await answered_once(self.once, request, keyed, said)
        except BadRequest as error:
            return problem(error.status, error.code, error.what_happened, error.what_to_do)
        except (StoreUnavailable, SealBroken) as error:
            return unavailable(error)
        except TenantGone as error:
            return _gone(error)

    async def _said(self, request: Request, who: Standing, answer: AgentAnswer) -> Response:
        try:
            return await answer(request, who)
        except BadRequest as error:
            return problem(error.status, error.code, error.what_happened, error.what_to_do)
        except (StoreUnavailable, SealBroken) as error:
            return unavailable(error)
        except TenantGone as error:
            return _gone(error)


def _is_ours(response: Response) -> bool:
    """Whether it is we who refuse, and not a provider."""
    return response.status_code == 403 and code_of(response) == "not_allowed"


def _gone(error: TenantGone) -> Response:
    return problem(403, "not_allowed", str(error), "Nobody comes in for this tenant any more.")


def _not_for_agents() -> Response:
    return problem(
        403,
        "not_allowed",
        "The key or token that this request came with is for calling tools, and no more.",
        "Use a key that was made with --operator, or the token that `evergrant token` prints.",
    )


def _not_for_tenants() -> Response:
    return problem(
        403,
        "not_allowed",
        "This address is for whoever runs this vault: no key and no token of a tenant is.",
        "Use the token that `evergrant token` prints, or `evergrant tenants` on the server's machine.",
    )
