"""Pydantic AI, with a model that is a script: three services across token expiries, and a dead grant."""

import pytest
from tests.fakes.three_services import Script, ThreeServices

from evergrant import ReauthRequired

pytestmark = pytest.mark.anyio


async def test_a_run_over_three_services_outlives_their_tokens(services: ThreeServices) -> None:
    from tests.adapters.scripted.pydantic_ai import agent

    script = Script(services)
    assert (await (await agent(services, script)).run("Work.")).output == "Done."
    script.check_quiet()


async def test_a_run_that_a_dead_grant_stopped_goes_on_after_the_reconnect(services: ThreeServices) -> None:
    from pydantic_ai import DeferredToolRequests
    from tests.adapters.scripted.pydantic_ai import agent

    from evergrant.adapters.pydantic_ai import resumed

    script = Script(services, before=lambda turn: services.revoke() if turn == 3 else None)
    night = await agent(services, script)
    stopped = await night.run("Work.")
    assert isinstance(stopped.output, DeferredToolRequests)
    assert [call.tool_name for call in stopped.output.calls] == [
        "demo_salesforce_search_contacts",
        "demo_salesforce_append_row",
    ]
    assert all(said["reauth_url"] for said in stopped.output.metadata.values())
    with pytest.raises(ReauthRequired):
        await resumed(services.client, stopped.output)

    await services.come_back()
    results = await resumed(services.client, stopped.output)
    done = await night.run(message_history=stopped.all_messages(), deferred_tool_results=results)
    assert done.output == "Done."
    script.check()


async def test_a_wrong_input_is_the_models_to_correct_and_any_other_failure_is_told_in_words(
    services: ThreeServices,
) -> None:
    from tests.adapters.scripted.pydantic_ai import told

    services.revoke()
    wrong, dead = await told(services, {"row": 1}, {"row": ["kept"]})
    assert "invalid_input: " in wrong
    assert "retry" in wrong.lower()
    assert "reauth_required: " in dead
    assert "retry" not in dead.lower()


async def test_a_run_that_an_approval_stopped_goes_on_once_it_is_given(services: ThreeServices) -> None:
    from tests.adapters.scripted.pydantic_ai import deleted

    stopped, done = await deleted(services)
    (said,) = stopped.metadata.values()
    assert said["code"] == "confirmation_required"
    assert services.accounts["demo_salesforce"].id in str(done)
    assert said["approval_url"]
    assert services.sandbox.count.writes == 1


async def test_what_a_kept_call_failed_with_is_told_in_words_and_the_run_goes_on(services: ThreeServices) -> None:
    from tests.adapters.scripted.pydantic_ai import deleted

    _, unknown = await deleted(services, "con_99999999")
    _, refused = await deleted(services, approved=False)
    assert "provider_error: " in str(unknown)
    assert "call_cancelled: " in str(refused)
    assert services.sandbox.count.writes == 0
