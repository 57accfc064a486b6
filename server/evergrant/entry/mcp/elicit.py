"""URL elicitation: the client shows the person the link, and the call goes on when they have reconnected.

On 2026-07-28 the question is a result, and the client calls again for as long as it is told to (SEP-2322). In the
handshake era it is a request to the client, made while the call is held.
"""

import secrets
from typing import Literal

import anyio
from mcp.shared.exceptions import MCPError
from mcp.types import (
    ElicitRequest,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequests,
    InputRequiredResult,
    InputResponses,
)
from pydantic import BaseModel, ConfigDict, ValidationError

from evergrant.entry.mcp.client import Context
from evergrant.entry.mcp.pending import Pending
from evergrant.entry.mcp.waiting import held
from evergrant.model.outcome import ReauthRequired
from evergrant.service.held import HeldCalls

REAUTH = "reauth"
"""The key of the one question."""
MOST_ROUNDS = 10
"""The SDKs' clients give up when a call asks for an eleventh."""

Heard = Literal["ready", "declined", "waiting"]


class _State(BaseModel):
    """What the client carries from round to round; the request state's boundary seals it and binds it to the call."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    call_id: str
    dead: ReauthRequired
    round: int


class Round:
    """One of the rounds of a call on 2026-07-28; the first is the one that asks."""

    def __init__(self, pending: Pending, number: int = 1) -> None:
        self.pending = pending
        self._number = number

    @classmethod
    def of(cls, tenant_id: str, state: str) -> "Round":
        """The round that a client answers, by the state that it carried."""
        read = _State.model_validate_json(state)
        return cls(Pending(tenant_id, read.call_id, read.dead), read.round)

    def declined(self, responses: InputResponses | None) -> bool:
        """Whether the person said no; a client that says nothing of them has merely called again."""
        said = (responses or {}).get(REAUTH)
        return isinstance(said, ElicitResult) and said.action != "accept"

    def following(self) -> "Round | None":
        """The next round; None where the client would not follow."""
        return Round(self.pending, self._number + 1) if self._number < MOST_ROUNDS else None

    def result(self) -> InputRequiredResult:
        """What the client is told in this round."""
        state = _State(call_id=self.pending.call_id, dead=self.pending.dead, round=self._number)
        asked: InputRequests | None = {REAUTH: request(self.pending)} if self._number == 1 else None
        return InputRequiredResult(input_requests=asked, request_state=state.model_dump_json())


def request(pending: Pending) -> ElicitRequest:
    """The question as a result carries it."""
    return ElicitRequest(params=ElicitRequestURLParams(message=pending.said, url=pending.dead.reauth_url or ""))


async def ask_and_hold(context: Context, calls: HeldCalls, pending: Pending, seconds: float) -> Heard:
    """Ask the client of a session, and hold the call meanwhile and after a yes, up to `seconds` in all.

    A client that cannot ask its person after all is one that was not asked.
    """
    elicitation_id = secrets.token_urlsafe(16)
    heard: Heard = "waiting"

    async def ask() -> None:
        nonlocal heard
        if await _declined(context, pending, elicitation_id):
            heard = "declined"
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        if await held(context, calls, pending, seconds):
            heard = "ready"
        tasks.cancel_scope.cancel()
    if heard == "ready":
        await context.session.send_elicit_complete(elicitation_id, related_request_id=context.request_id)
    return heard


async def _declined(context: Context, pending: Pending, elicitation_id: str) -> bool:
    session, url = context.session, pending.dead.reauth_url or ""
    try:
        said = await session.elicit_url(pending.said, url, elicitation_id, related_request_id=context.request_id)
    except (MCPError, ValidationError):
        return False
    return said.action != "accept"
