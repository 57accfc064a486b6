"""The ladder: what becomes of a call that met a dead grant, by what its client can do.

A task; a question that the client puts to its person; a request that is held for a while; and at its end a failure that
says how to go on. The call itself is kept on every rung, also when its client goes away.
"""

from mcp.server.context import HandlerResult
from mcp.types import InputResponses

from evergrant.entry.mcp import results
from evergrant.entry.mcp.client import Context, is_modern, opens_urls, takes_tasks
from evergrant.entry.mcp.elicit import Heard, Round, ask_and_hold
from evergrant.entry.mcp.handover import Handover
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import Pending
from evergrant.entry.mcp.tasks import Tasks
from evergrant.entry.mcp.waiting import held
from evergrant.model.outcome import ReauthRequired
from evergrant.service.standing import Standing


class Ladder:
    """Answers calls of any tenant that wait for a person."""

    def __init__(self, parts: Parts, tasks: Tasks, handover: Handover) -> None:
        self._parts = parts
        self._handover = handover
        self._tasks = tasks

    async def climb(self, context: Context, who: Standing, dead: ReauthRequired) -> HandlerResult:
        """The answer to a call that came to `dead`."""
        if dead.call_id is None:
            return results.failed(dead)
        pending = Pending(who, dead.call_id, dead)
        if takes_tasks(context):
            return self._tasks.begin(pending)
        if is_modern(context) and opens_urls(context):
            return Round(pending, self._parts.clock.now()).result()
        if opens_urls(context) and context.session.can_send_request:
            return await self._answered(pending, await ask_and_hold(context, self._parts, pending))
        return await self._answered(pending, await self._held(context, pending))

    async def go_on(
        self, context: Context, who: Standing, state: str, responses: InputResponses | None
    ) -> HandlerResult:
        """The answer to a client that calls again, as it was asked to."""
        asked = Round.of(who, state)
        refusal = asked.refusal(responses or {}, self._parts.clock.now())
        if refusal == "person":
            return asked.pending.declined()
        heard = await self._held(context, asked.pending)
        following = None if refusal or heard == "ready" else asked.following()
        return following.result() if following else await self._answered(asked.pending, heard)

    async def _held(self, context: Context, pending: Pending) -> Heard:
        return "ready" if await held(context, self._parts, pending) else "waiting"

    async def _answered(self, pending: Pending, heard: Heard) -> HandlerResult:
        if heard == "declined":
            return pending.declined()
        if heard == "waiting":
            return pending.unfinished()
        outcome = await pending.who.resume(pending.call_id)
        if isinstance(outcome, ReauthRequired):  # the new grant is dead already
            return Pending(pending.who, pending.call_id, outcome).unfinished()
        return await self._handover.of(pending.who, outcome)
