"""docs/how-to/agents.md, block by block, as it stands there, with a grant that is dead at the start of each run."""

import asyncio
from pathlib import Path

import pytest
from tests.fakes.pages import blocks, run, served

from evergrant.model.link import Link

pytestmark = pytest.mark.anyio


async def test_every_block_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.adapters.scripted.short import DONE, anthropic_client, openai_model, pydantic_model

    people: list[asyncio.Task[None]] = []
    monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
    async with served(tmp_path, monkeypatch.setenv) as server, anthropic_client() as claude:

        def send_to_person(url: str, code: str) -> None:
            people.append(asyncio.create_task(server.follow(Link(url, code))))

        names: dict[str, object] = {
            "send_to_person": send_to_person,
            "openai_model": openai_model(),
            "pydantic_model": pydantic_model(),
            "anthropic_client": claude,
            "claude": "scripted",
        }
        said: list[str] = []
        for block in blocks("agents.md"):
            if "ask=ask" in block or "defer=True" in block:
                server.revoke()
            await run(block, names)
            said.append(str(names.get("said") or names.get("last") or names.get("done")))
        await asyncio.gather(*people)
    assert len(people) == 3
    assert [DONE in each for each in said] == [False, True, True, True, True]
