"""Elicitation: the client puts the question to its person, and the call goes on when they have done their part.

On 2026-07-28 the question is a result, and the client calls again for as long as it is told to (SEP-2322). In the
handshake era it is a request to the client, made while the call is held.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast

import anyio
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult, InputRequests, InputRequiredResult, InputResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from evergrant.entry.mcp.client import Context
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import ForPerson, Pending
from evergrant.entry.mcp.questions import FORM, Said, asked, by_form, heard, question
from evergrant.entry.mcp.waiting import held
from evergrant.model.clock import Clock
from evergrant.model.outcome import ConfirmationRequired
from evergrant.model.outcome_text import from_text, to_text
from evergrant.service.standing import Standing

MOST_ROUNDS = 10
"""The SDKs' clients give up when a call asks for an eleventh."""

Heard = Literal["ready", "declined", "waiting"]


class _State(BaseModel):
    """What the client carries from round to round; the request state's boundary seals it and binds it to the call."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    call_id: str
    why: str
    form: bool
    round: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Round:
    """One of the rounds of a call on 2026-07-28; in the first the question is put."""

    pending: Pending
    asked_at: datetime
    form: bool
    """Whether it is put as a form."""
    number: int = 1

    @classmethod
    def of(cls, who: Standing, state: str) -> "Round":
        """The round that a client answers, by the state that it carried."""
        read = _State.model_validate_json(state)
        pending = Pending(who, read.call_id, cast("ForPerson", from_text(read.why)))
        return cls(pending, read.asked_at, read.form, read.round)

    def said(self, responses: Mapping[str, InputResponse], now: datetime) -> Said | None:
        """What the person said; None of a client that says nothing of its person, and has merely called again."""
        found = responses.get(self.pending.key)
        if not isinstance(found, ElicitResult):
            return None
        return heard(found, (now - self.asked_at).total_seconds(), form=self.form)

    def following(self) -> "Round | None":
        """The next round; None where the client would not follow."""
        return replace(self, number=self.number + 1) if self.number < MOST_ROUNDS else None

    def asking(self, context: Context) -> InputRequiredResult:
        """What the client is told in the round that puts the question."""
        return self.waiting({self.pending.key: question(context, self.pending)})

    def waiting(self, asked: InputRequests | None = None) -> InputRequiredResult:
        """What the client is told in a round."""
        call_id, why = self.pending.call_id, to_text(self.pending.why)
        state = _State(call_id=call_id, why=why, form=self.form, round=self.number, asked_at=self.asked_at)
        return InputRequiredResult(input_requests=asked, request_state=state.model_dump_json())


async def ask_and_hold(context: Context, parts: Parts, pending: Pending) -> Heard:
    """Ask the client of a session, and hold the call meanwhile and after a yes.

    A client that cannot ask its person after all is one that was not asked: what is to be approved does not wait for
    it then.
    """
    elicitation_id = secrets.token_urlsafe(16)
    came: Heard = "waiting"

    async def ask() -> None:
        nonlocal came
        said = await _said(context, pending, elicitation_id, parts.clock)
        if said == "yes":
            await pending.who.decide(pending.call_id, approved=True)
        if said == "opened" or (said == "nobody" and not isinstance(pending.why, ConfirmationRequired)):
            return
        came = "ready" if said == "yes" else "declined" if said == "no" else "waiting"
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        if await held(context, parts, pending):
            came = "ready"
        tasks.cancel_scope.cancel()
    if came == "ready" and not by_form(context, pending):
        await context.session.send_elicit_complete(elicitation_id, related_request_id=context.request_id)
    return came


async def _said(context: Context, pending: Pending, elicitation_id: str, clock: Clock) -> Said:
    session, request_id, start = context.session, context.request_id, clock.monotonic()
    form = by_form(context, pending)
    try:
        if form:
            result = await session.elicit_form(asked(pending), FORM, related_request_id=request_id)
        else:
            result = await session.elicit_url(pending.said, pending.url, elicitation_id, related_request_id=request_id)
    except (MCPError, ValidationError):
        return "nobody"
    return heard(result, clock.monotonic() - start, form=form)
