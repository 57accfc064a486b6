"""The failures of long agent runs, a test for each row of `docs/explanation/failures.md`: none of them happens here."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from mcp.types import TextContent
from tests.fakes import worker
from tests.fakes.clock import ManualClock
from tests.fakes.consent import approve
from tests.fakes.practice import START, Practice, practice, sandbox, surroundings

from evergrant.app import App, open_app
from evergrant.entry.mcp import results
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import SystemClock
from evergrant.model.json import Json, JsonObject, at
from evergrant.model.outcome import Failure, Outcome, ReauthRequired, Result
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.behaviour import Behaviour, Rotation
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "failures.md"
LINK = re.compile(r"\[`(\w+)`\]\((\S+?)\)")
LIFE_S = 1800
GRACE = Behaviour(access_token_ttl=LIFE_S, rotation=Rotation.GRACE_SAME, grace_s=600)
BAKERS = 6
"""How many of the sandbox's contacts work at a bakery."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path / "vault") as made:
        yield made


def found(outcome: Outcome) -> int:
    """How many contacts a search gave back."""
    assert isinstance(outcome, Result)
    rows: Json = at(outcome.content, "/results")
    assert isinstance(rows, list)
    return len(rows)


def engine(world: Practice) -> AbstractAsyncContextManager[App]:
    """Another engine on the same vault, whose waits for the others take real time."""
    return open_app(world.app.settings, surroundings(worker.From(world.clock.now(), SystemClock())))


async def reconnect(world: Practice, account: ConnectedAccount, user: str) -> None:
    """The person consents again."""
    begun = await world.app.connect.begin_reauth(account)
    await world.app.consent.finish(parse_redirect(await approve(begun.url, user)))


def what_a_model_reads(outcome: Outcome) -> str:
    """The text of the tool result, for clients that show a model nothing else."""
    assert isinstance(outcome, Failure)
    return "\n".join(part.text for part in results.failed(outcome).content if isinstance(part, TextContent))


async def test_silent_skip(world: Practice) -> None:
    account = await world.connect(user="anna")

    world.clock.advance(LIFE_S + 1)
    assert found(await world.search(account, "bakery")) == BAKERS
    assert world.sandbox.count.api_expired_token == 0

    nothing = await world.search(account, "nobody has this name")
    assert isinstance(nothing, Result)
    assert nothing.empty
    assert "anna@example.test" in (nothing.note or "")

    world.sandbox.revoke()
    world.clock.advance(LIFE_S + 1)
    assert isinstance(await world.search(account, "bakery"), ReauthRequired)


async def test_hallucinated_recovery(tmp_path: Path) -> None:
    ahead = ManualClock(START)
    async with practice(tmp_path, provider=sandbox(ahead)) as world:
        account = await world.connect("acme", "anna")

        ahead.advance(LIFE_S + 1)  # the provider answers 401 to a token that has not ended here
        assert found(await world.search(account, "bakery")) == BAKERS
        assert world.sandbox.count.api_expired_token == 1

        world.sandbox.revoke()
        read = what_a_model_reads(await world.search(account, "bakery"))

    assert read.startswith("reauth_required: ")
    assert "reauth_url: http" in read
    assert "401" not in read
    assert "unauthorized" not in read.lower()


async def test_partial_write(world: Practice) -> None:
    account = await world.connect(user="anna")
    calls, written = world.app.held_calls, world.sandbox.book("anna").rows
    for number in range(8):
        if number == 2:
            world.clock.advance(LIFE_S + 1)
        if number == 5:
            world.sandbox.revoke()

        outcome = await calls.execute(account.key, "sandbox_append_row", {"row": [number]})

        if isinstance(outcome, ReauthRequired):
            assert (number, written) == (5, [[0], [1], [2], [3], [4]])
            assert outcome.call_id
            await reconnect(world, account, "anna")
            both = [await calls.resume(LOCAL_TENANT, outcome.call_id) for _ in range(2)]
            assert both[0] == both[1]
            outcome = both[0]
        assert isinstance(outcome, Result)
    assert written == [[number] for number in range(8)]


async def test_concurrent_race(tmp_path: Path) -> None:
    provider = sandbox(worker.From(START, SystemClock()))
    async with practice(tmp_path, provider=provider) as world:
        account = await world.connect()
        world.clock.advance(LIFE_S + 1)

        async with engine(world) as first, engine(world) as second:
            query: JsonObject = {"query": "bakery"}
            calls = [
                app.executor.execute_tool(account.key, "sandbox_search_contacts", query)
                for app in (first, second)
                for _ in range(25)
            ]
            outcomes = await asyncio.gather(*calls)

    assert [found(outcome) for outcome in outcomes] == [BAKERS] * 50
    assert (provider.count.token_requests["refresh_token"], provider.count.spent_presented) == (1, 0)


async def test_rotation_conflict(tmp_path: Path) -> None:
    table = {"rotation": "always", "grace_s": 600, "grace_result": "same"}
    async with practice(tmp_path, GRACE, grant=table) as world:
        account = await world.connect()
        world.clock.advance(LIFE_S + 1)
        world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, times=1))

        assert found(await world.search(account, "bakery")) == BAKERS

        assert (world.sandbox.count.spent_resent, world.sandbox.count.spent_presented) == (1, 0)
        assert world.app.outbox.after(LOCAL_TENANT, 0, 10) == []


async def test_rotation_conflict_without_a_grace(world: Practice) -> None:
    account = await world.connect()
    world.clock.advance(LIFE_S + 1)
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, times=1))

    assert isinstance(await world.search(account), ReauthRequired)

    (event,) = world.app.outbox.after(LOCAL_TENANT, 0, 10)
    assert event.data["cause"] == "rotation_lost"


async def test_revoked_token(world: Practice) -> None:
    salesforce = await world.connect("salesforce", "anna")
    others = [await world.connect(name, name) for name in ("hubspot", "sheets")]
    calls, outbox = world.app.held_calls, world.app.outbox
    world.sandbox.revoke(user="anna")

    paused = await calls.execute(salesforce.key, "sandbox_append_row", {"row": ["hour 4"]})

    assert isinstance(paused, ReauthRequired)
    (event,) = outbox.after(LOCAL_TENANT, 0, 10)
    told = (event.type, event.account_id, event.data["error_code"], event.data["cause"])
    assert told == ("agent.auth.reauth_required", salesforce.id, "invalid_grant", "revoked")
    assert [found(await world.search(other, "bakery")) for other in others] == [BAKERS, BAKERS]

    await reconnect(world, salesforce, "anna")
    assert paused.call_id
    assert isinstance(await calls.resume(LOCAL_TENANT, paused.call_id), Result)
    assert world.sandbox.book("anna").rows == [["hour 4"]]
    assert [each.type for each in outbox.after(LOCAL_TENANT, event.seq, 10)] == ["agent.auth.reauth_completed"]


def test_the_page_links_to_tests_that_there_are() -> None:
    linked = LINK.findall(PAGE.read_text(encoding="utf-8"))

    missing = [name for name, path in linked if f"def {name}(" not in (PAGE.parent / path).read_text(encoding="utf-8")]
    assert missing == []
    ours = set(re.findall(r"^async def (test_\w+)", Path(__file__).read_text(encoding="utf-8"), re.MULTILINE))
    assert {name for name, path in linked if path.endswith(Path(__file__).name)} == ours
