"""Steps that the tests of approvals share."""

from typing import Any

from tests.fakes.practice import Practice

from evergrant.model.json import JsonObject
from evergrant.model.outcome import ConfirmationRequired, Outcome
from evergrant.model.policy import Policy
from evergrant.model.principal import Principal
from evergrant.service.standing import Standing
from evergrant.settings import LOCAL_TENANT

DELETE = "sandbox_delete_contact"
ONE: dict[str, Any] = {"contact_id": "con_00000001"}


def caller(
    world: Practice,
    policy: Policy = "confirm_destructive",
    *,
    accounts: frozenset[str] | None = None,
    tools: tuple[str, ...] = (),
) -> Standing:
    """A caller of the local tenant, under that policy."""
    who = Principal(LOCAL_TENANT, "night agent", accounts, tools, policy)
    return world.app.standing(who)


async def proposed(who: Standing, tool: str = DELETE, tool_input: JsonObject | None = None) -> str:
    """The id of a call that waits for an approval."""
    return call_of(await who.execute("acme", tool, tool_input or ONE))


def call_of(outcome: Outcome) -> str:
    """The call that waits for an approval."""
    assert isinstance(outcome, ConfirmationRequired), outcome
    assert outcome.call_id
    return outcome.call_id


def contacts(world: Practice, user: str = "anna") -> list[str]:
    """The ids of the contacts that are left."""
    return [contact.id for contact in world.sandbox.book(user).search("", 100, "").results]
