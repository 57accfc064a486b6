"""The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): what is sent twice with it is done once.

Kept are answers after which something may have been done, so none of a tool that only reads. One that says that nothing
was, our own refusals and failures that say that the call may simply be made again, frees the key.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.body import LARGEST, content_of
from evergrant.entry.api.operation import Operation
from evergrant.entry.api.problem import HEADERS, BadRequest, problem
from evergrant.service.idempotency import AnswerLost, Keyed, KeyReused, Once, UnderWay
from evergrant.service.standing import Standing
from evergrant.vault.idempotency import KeptAnswer

HEADER = "Idempotency-Key"
PATTERN = r'^(?:[!#-\[\]-~]{1,255}|"[!#-\[\]-~]{1,255}")$'
"""Visible ASCII, with or without the quotes that the draft wants."""
REPLAYED = "Idempotency-Replayed"
AGAIN_S = "1"
UNSENT = ("account_paused", "connection_fault", "insufficient_scope", "not_allowed", "not_found")
"""Codes of calls that are made once an operator or a person has mended what hindered them."""


async def answered_once(
    once: Once, request: Request, keyed: Keyed, said: Callable[[], Awaitable[Response]]
) -> Response:
    """What `said` answers, or what it answered when this very request came before; raises StoreUnavailable,
    SealBroken."""
    request.state.idempotency_key = keyed.for_provider
    made: list[Response] = []

    async def work() -> KeptAnswer | None:
        made.append(await said())
        return _kept(made[0])

    try:
        first = await once.answer(keyed, work)
    except KeyReused:
        return _reused()
    except UnderWay:
        return _under_way()
    except AnswerLost:
        return _lost()
    return _again(first) if first else made[0]


def provider_key(request: Request) -> str | None:
    """The key for a provider, where the request came with one."""
    return getattr(request.state, "idempotency_key", None)


async def keyed_of(request: Request, who: Standing, operation: Operation) -> Keyed | None:
    """The request, where it came with a key; raises BadRequest for a key that is none."""
    sent = request.headers.getlist(HEADER)
    if not sent:
        return None
    if len(sent) > 1 or not re.fullmatch(PATTERN, sent[0]):
        raise BadRequest(
            f"{HEADER} is 1 to 255 visible ASCII characters, once.",
            "Send a UUID of your making, and the same one again with the same request.",
            "invalid_idempotency_key",
        )
    content = await content_of(request, operation.takes.largest if operation.takes else LARGEST)
    route = f"{request.method} {request.url.path}"
    return Keyed(who.tenant_id, who.principal.name, route, sent[0].strip('"'), content)


def _kept(response: Response) -> KeptAnswer | None:
    body = bytes(response.body).decode()
    return None if _frees(response.status_code, body) else KeptAnswer(response.status_code, _type(response), body)


def _frees(status: int, body: str) -> bool:
    if status < 400:
        return False
    said = cast("dict[str, object]", json.loads(body))
    return bool(said.get("retryable", True)) or _is_unsent(said)  # others than calls refuse before anything is done


def _is_unsent(said: Mapping[str, object]) -> bool:
    """Whether a call came to nothing, though the same one would again until something is mended."""
    match said["code"]:
        case "reauth_required":
            return "call_id" not in said  # else it is kept, and would be kept twice
        case "invalid_input":
            return "pointer" in said  # else it did not fit a request, which may have had others before it
        case code:
            return code in UNSENT


def _type(response: Response) -> str:
    return response.headers["Content-Type"]


def _again(first: KeptAnswer) -> Response:
    headers = {**HEADERS, REPLAYED: "true"}
    return Response(first.body, first.status, headers, media_type=first.media_type)


def _reused() -> Response:
    return problem(
        422,
        "idempotency_key_reused",
        f"This {HEADER} came before, with another request.",
        "Make a new key for a new request; nothing was done now.",
    )


def _under_way() -> Response:
    response = problem(
        409,
        "request_under_way",
        f"The first request with this {HEADER} has not been answered yet.",
        "Send it again in a second, with the same key.",
        retryable=True,
    )
    response.headers["Retry-After"] = AGAIN_S
    return response


def _lost() -> Response:
    return problem(
        409,
        "outcome_unknown",
        f"A request with this {HEADER} came before. It may have been carried out, and its answer is not kept.",
        "Look whether it was done before you ask for it with a new key.",
        retryable=False,
    )
