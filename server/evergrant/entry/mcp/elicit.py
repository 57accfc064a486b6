"""URL elicitation: the client shows the person the link, and the call goes on when they have reconnected.

On 2026-07-28 the question is a result, and the client calls again for as long as it is told to (SEP-2322). In the
handshake era it is a request to the client, made while the call is held.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import anyio
from mcp.shared.exceptions import MCPError
from mcp.types import (
    ElicitRequest,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequests,
    InputRequiredResult,
    InputResponse,
)
from pydantic import BaseModel, ConfigDict, ValidationError

from evergrant.entry.mcp.client import Context
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import Pending
from evergrant.entry.mcp.waiting import held
from evergrant.model.clock import Clock
from evergrant.model.outcome import ReauthRequired
from evergrant.service.standing import Standing

REAUTH = "reauth"
"""The key of the one question."""
MOST_ROUNDS = 10
"""The SDKs' clients give up when a call asks for an eleventh."""
NO_PERSON_S = 1.0
"""A refusal that comes sooner is the client's own: some declare URLs and decline each without showing it."""

Heard = Literal["ready", "declined", "waiting"]


class _State(BaseModel):
    """What the client carries from round to round; the request state's boundary seals it and binds it to the call."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    call_id: str
    dead: ReauthRequired
    round: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Round:
    """One of the rounds of a call on 2026-07-28; the first is the one that asks."""

    pending: Pending
    asked_at: datetime
    number: int = 1

    @classmethod
    def of(cls, who: Standing, state: str) -> "Round":
        """The round that a client answers, by the state that it carried."""
        read = _State.model_validate_json(state)
        return cls(Pending(who, read.call_id, read.dead), read.asked_at, read.round)

    def refusal(self, responses: Mapping[str, InputResponse], now: datetime) -> "Refusal | None":
        """Who said no, if anybody did; a client that says nothing of its person has merely called again."""
        said = responses.get(REAUTH)
        if not isinstance(said, ElicitResult) or said.action == "accept":
            return None
        return _refusal((now - self.asked_at).total_seconds())

    def following(self) -> "Round | None":
        """The next round; None where the client would not follow."""
        return replace(self, number=self.number + 1) if self.number < MOST_ROUNDS else None

    def result(self) -> InputRequiredResult:
        """What the client is told in this round."""
        state = _State(call_id=self.pending.call_id, dead=self.pending.dead, round=self.number, asked_at=self.asked_at)
        asked: InputRequests | None = {REAUTH: request(self.pending)} if self.number == 1 else None
        return InputRequiredResult(input_requests=asked, request_state=state.model_dump_json())


Refusal = Literal["person", "client"]


def request(pending: Pending) -> ElicitRequest:
    """The question as a result carries it."""
    return ElicitRequest(params=ElicitRequestURLParams(message=pending.said, url=pending.dead.reauth_url or ""))


async def ask_and_hold(context: Context, parts: Parts, pending: Pending) -> Heard:
    """Ask the client of a session, and hold the call meanwhile and after a yes.

    A client that cannot ask its person after all is one that was not asked.
    """
    elicitation_id = secrets.token_urlsafe(16)
    heard: Heard = "waiting"

    async def ask() -> None:
        nonlocal heard
        if await _asked(context, pending, elicitation_id, parts.clock) == "person":
            heard = "declined"
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        if await held(context, parts, pending):
            heard = "ready"
        tasks.cancel_scope.cancel()
    if heard == "ready":
        await context.session.send_elicit_complete(elicitation_id, related_request_id=context.request_id)
    return heard


async def _asked(context: Context, pending: Pending, elicitation_id: str, clock: Clock) -> Refusal | None:
    session, url, start = context.session, pending.dead.reauth_url or "", clock.monotonic()
    try:
        said = await session.elicit_url(pending.said, url, elicitation_id, related_request_id=context.request_id)
    except (MCPError, ValidationError):
        return "client"
    return None if said.action == "accept" else _refusal(clock.monotonic() - start)


def _refusal(after_s: float) -> Refusal:
    return "client" if after_s < NO_PERSON_S else "person"
