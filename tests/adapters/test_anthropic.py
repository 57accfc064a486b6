"""The Anthropic SDK, over an API that is a script: three services across token expiries, and a dead grant."""

import pytest
from tests.fakes.three_services import Script, ThreeServices

pytestmark = pytest.mark.anyio


async def test_the_tool_runner_outlives_the_tokens_of_three_services(services: ThreeServices) -> None:
    from tests.adapters.scripted.anthropic import run

    script = Script(services)
    assert await run(services, script) == "Done."
    script.check_quiet()


async def test_a_loop_of_ones_own_does_too(services: ThreeServices) -> None:
    from tests.adapters.scripted.anthropic import run_by_hand

    script = Script(services)
    assert await run_by_hand(services, script) == "Done."
    script.check_quiet()


async def test_the_runner_waits_for_the_person_of_a_dead_grant_and_goes_on(services: ThreeServices) -> None:
    from tests.adapters.scripted.anthropic import run

    script = Script(services, before=lambda turn: services.revoke() if turn == 3 else None)
    assert await run(services, script, services.come_back) == "Done."
    script.check()
    assert "reauth_required" not in script.shown[-1]


async def test_the_model_is_told_in_words_what_is_wrong(services: ThreeServices) -> None:
    from tests.adapters.scripted.anthropic import results_of

    row = "demo_salesforce_append_row"
    (wrong,) = await results_of(services, (row, {"row": 1}), ("somebody_elses", {}))
    services.revoke()
    (dead,) = await results_of(services, (row, {"row": ["kept"]}))
    assert (wrong.get("is_error"), wrong["tool_use_id"], dead.get("is_error")) == (True, row, True)
    assert str(wrong.get("content")).startswith("invalid_input: ")
    assert str(dead.get("content")).startswith("reauth_required: ")
