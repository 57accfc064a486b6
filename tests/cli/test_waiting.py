"""Waiting for a consent whose answer does not come: what is said meanwhile, and at the end."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from tests.fakes.practice import practice

from evergrant.cli.asking import ask
from evergrant.cli.output import Output
from evergrant.cli.waiting import Waiting
from evergrant.service.connect import CONSENT_TIME
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
MINE = "http://localhost:8484/callback"


async def test_an_error_page_that_sends_nobody_back_is_thought_of_once_and_at_the_end(tmp_path: Path) -> None:
    said = io.StringIO()
    out = Output(False, Console(file=said), Console(file=said, width=200))
    async with practice(tmp_path) as world:
        app, values = world.app, {"origin": world.url}
        wish = app.connect.wish(LOCAL_TENANT, "sandbox", "acme", values)
        asked = await ask(app, app.links.to_connect(LOCAL_TENANT, "sandbox", "acme", values, life=CONSENT_TIME), wish)
        begun = world.clock.now()
        with pytest.raises(ConsentFailed, match="Nobody answered within ten minutes") as failed:
            await Waiting(app, out, asked).for_account()
        assert world.clock.now() - begun >= CONSENT_TIME
    exact = f"Register exactly this redirect URI at Sandbox, to the letter: {MINE}"
    assert said.getvalue().count("Sandbox has not sent the browser back yet.") == 1
    assert said.getvalue().count(exact) == 1
    assert exact in str(failed.value)
