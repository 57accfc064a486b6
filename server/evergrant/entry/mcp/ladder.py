"""The ladder: what becomes of a call that waits for a person, by what its client can do.

A task; a question that the client puts to its person; a request that is held for a while; and at its end a failure that
says how to go on. The call itself is kept on every rung, also when its client goes away. A call that must be approved
is not held where its client asks nobody: the person sees the link only once the agent has the answer.
"""

from mcp.server.context import HandlerResult
from mcp.types import InputResponses

from evergrant.entry.mcp import results
from evergrant.entry.mcp.client import Context, is_modern, takes_tasks
from evergrant.entry.mcp.elicit import MOST_ROUNDS, Heard, Round, ask_and_hold
from evergrant.entry.mcp.handover import Handover
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import ForPerson, Pending
from evergrant.entry.mcp.questions import by_form, can_ask
from evergrant.entry.mcp.tasks import Tasks
from evergrant.entry.mcp.waiting import held
from evergrant.model.outcome import ConfirmationRequired
from evergrant.service.standing import Standing


class Ladder:
    """Answers calls of any tenant that wait for a person."""

    def __init__(self, parts: Parts, tasks: Tasks, handover: Handover) -> None:
        self._parts = parts
        self._handover = handover
        self._tasks = tasks

    async def climb(self, context: Context, who: Standing, why: ForPerson, number: int = 1) -> HandlerResult:
        """The answer to a call that came to `why`; `number` is that of the round that it came to it in."""
        pending = Pending.of(who, why)
        if pending is None:
            return results.failed(why)
        if takes_tasks(context):
            return self._tasks.begin(pending)
        asks = can_ask(context, pending)
        if asks and is_modern(context) and number <= MOST_ROUNDS:
            return Round(pending, self._parts.clock.now(), by_form(context, pending), number).asking(context)
        if asks and context.session.can_send_request:
            return await self._answered(context, pending, await ask_and_hold(context, self._parts, pending))
        if isinstance(why, ConfirmationRequired):
            return pending.unfinished()
        return await self._answered(context, pending, await self._held(context, pending))

    async def go_on(
        self, context: Context, who: Standing, state: str, responses: InputResponses | None
    ) -> HandlerResult:
        """The answer to a client that calls again, as it was asked to."""
        asked = Round.of(who, state)
        pending, said = asked.pending, asked.said(responses or {}, self._parts.clock.now())
        if said == "no":
            return await pending.declined(self._handover)
        if said == "nobody" and isinstance(pending.why, ConfirmationRequired):
            return pending.unfinished()
        if said == "yes":
            await who.decide(pending.call_id, approved=True)
        heard = await self._held(context, pending)
        following = None if said == "nobody" or heard == "ready" else asked.following()
        return following.waiting() if following else await self._answered(context, pending, heard, asked.number)

    async def _held(self, context: Context, pending: Pending) -> Heard:
        return "ready" if await held(context, self._parts, pending) else "waiting"

    async def _answered(self, context: Context, pending: Pending, heard: Heard, number: int = 1) -> HandlerResult:
        if heard == "declined":
            return await pending.declined(self._handover)
        if heard == "waiting":
            return pending.unfinished()
        outcome = await pending.who.resume(pending.call_id)
        still = Pending.of(pending.who, outcome)
        if still is None:
            return await self._handover.of(pending.who, outcome)
        if still.key == pending.key:  # the new grant is dead already
            return still.unfinished()
        return await self.climb(context, pending.who, still.why, number + 1)
