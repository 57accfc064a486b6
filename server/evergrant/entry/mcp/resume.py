"""`resume_call`."""

from typing import Annotated

from mcp.types import ToolAnnotations
from pydantic import Field

from evergrant.entry.mcp import envelope
from evergrant.entry.mcp.meta import Answer, Input, meta_tool
from evergrant.entry.mcp.parts import Parts
from evergrant.service.standing import Standing


class _Resume(Input):
    call_id: Annotated[str, Field(description="The call_id of the failure.")]


async def _resume(_parts: Parts, who: Standing, given: _Resume) -> Answer:
    return await who.resume(given.call_id)


RESUME_CALL = meta_tool(
    "resume_call",
    "Resume a call",
    "Go on with a call that failed with reauth_required or confirmation_required, once its person has reconnected or "
    "approved it. It runs once, however often this is called, and gives its result.",
    given=_Resume,
    gives=envelope.schema({}),
    run=_resume,
    hints=ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True),
)
