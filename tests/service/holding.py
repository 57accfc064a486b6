"""Steps that the tests of kept calls share."""

from tests.fakes.consent import approve
from tests.fakes.practice import Practice

from evergrant.model.account import ConnectedAccount
from evergrant.model.held_call import HeldCall
from evergrant.model.json import JsonObject
from evergrant.model.outcome import ReauthRequired
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT


async def reconnect(world: Practice, account: ConnectedAccount, user: str = "anna") -> None:
    """What the person does at the link."""
    begun = await world.app.connect.begin_reauth(account)
    await world.app.consent.finish(parse_redirect(await approve(begun.url, user)))


async def waiting(world: Practice, account: ConnectedAccount, tool: str, tool_input: JsonObject) -> str:
    """The id of a call that met the dead grant of its account."""
    outcome = await world.app.held_calls.execute(account.key, tool, tool_input)
    assert isinstance(outcome, ReauthRequired)
    assert outcome.call_id is not None
    return outcome.call_id


def stored(world: Practice, call_id: str) -> HeldCall:
    """The call as it lies in the vault."""
    found = world.app.held_calls.get(LOCAL_TENANT, call_id)
    assert found is not None
    return found
