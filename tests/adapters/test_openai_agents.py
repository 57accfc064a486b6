"""The OpenAI Agents SDK, with a model that is a script: three services across token expiries, and a dead grant."""

import pytest
from tests.fakes.three_services import SALESFORCE, Script, ThreeServices

from evergrant.sdk.errors import PersonNeeded

pytestmark = pytest.mark.anyio


async def test_a_run_over_three_services_outlives_their_tokens(services: ThreeServices) -> None:
    from tests.adapters.scripted.openai_agents import run

    script = Script(services)
    assert await run(services, script) == "Done."
    script.check_quiet()


async def test_a_run_waits_for_the_person_of_a_dead_grant_and_goes_on(services: ThreeServices) -> None:
    from tests.adapters.scripted.openai_agents import run

    asked: list[PersonNeeded] = []

    async def ask(needed: PersonNeeded) -> None:
        asked.append(needed)
        if len(asked) == 2:  # the read and the write of that turn
            await services.come_back()

    script = Script(services, before=lambda turn: services.revoke() if turn == 3 else None)
    assert await run(services, script, ask) == "Done."
    script.check()
    assert {needed.account for needed in asked} == {services.accounts[SALESFORCE.name].id}
    assert all(needed.url and needed.confirmation_code for needed in asked)
    assert "reauth_required" not in "".join(script.shown)


async def test_the_model_is_told_in_words_what_is_wrong(services: ThreeServices) -> None:
    from tests.adapters.scripted.openai_agents import told

    assert "invalid_input: " in await told(services, '{"row": 1}')
    assert "The arguments are not a JSON object" in await told(services, "[1")
    for unsayable in ('{"row": [NaN]}', '{"row": [1e999]}'):
        assert "nothing was sent" in await told(services, unsayable)
    services.revoke()
    assert "reauth_required: " in await told(services, '{"row": ["kept"]}')
