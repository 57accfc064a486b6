"""Links as callers get them: nothing is written for one, and what each failure of a call carries."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.consent import approve
from tests.fakes.practice import Practice, practice

from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Failure, InsufficientScope, Outcome, ReauthRequired, Result
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.service.links import handle_of
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
REAUTH_WORDS = ("reauth", "reconnect")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


async def of_reader(world: Practice) -> ConnectedAccount:
    """An account that may read and not write."""
    begun = await world.app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": world.url}, ("crm.read",))
    return await world.app.consent.finish(parse_redirect(await approve(begun.url)))


async def write(world: Practice, account: ConnectedAccount) -> Outcome:
    return await world.app.executor.execute_tool(account.key, "sandbox_create_contact", {"name": "Ada"})


def said(failure: Failure) -> str:
    return json.dumps({"code": failure.code, **failure.as_json(), "text": failure.as_text()}).lower()


async def test_a_missing_scope_has_a_step_up_link_of_its_own_and_never_says_reauth(world: Practice) -> None:
    account = await of_reader(world)

    refused = await write(world, account)

    assert isinstance(refused, InsufficientScope)
    assert refused.missing == ("crm.write",)
    assert refused.step_up_url is not None
    assert refused.step_up_url.startswith("http://localhost:8484/connect/")
    handle = refused.step_up_url.rpartition("/")[2]
    assert refused.confirmation_code == world.app.links.seal.code(handle)
    assert refused.step_up_url in refused.what_to_do
    assert str(refused.confirmation_code) in refused.what_to_do
    assert not any(word in said(refused).replace(handle.lower(), "") for word in REAUTH_WORDS)
    assert world.app.outbox.after(LOCAL_TENANT, 0, 10) == []


async def test_its_consent_asks_for_what_was_granted_and_what_is_missing_and_the_write_then_goes(
    world: Practice,
) -> None:
    account = await of_reader(world)
    refused = await write(world, account)
    assert isinstance(refused, InsufficientScope)
    claims = world.app.links.opened(str(refused.step_up_url).rpartition("/")[2])
    assert (claims.purpose, claims.scopes) == ("step_up", ("crm.read", "crm.write"))

    begun = await world.app.connect.ask(world.app.links.wish(claims))
    back = await world.app.consent.finish(parse_redirect(await approve(begun.url)))

    assert (back.id, back.scopes_granted) == (account.id, ("crm.read", "crm.write"))
    assert isinstance(await write(world, back), Result)


@pytest.mark.parametrize("kind", [FaultKind.STATUS_503, FaultKind.STATUS_429, FaultKind.HTML, FaultKind.DROP_REQUEST])
async def test_an_outage_or_a_limit_has_no_link_and_no_word_of_reauth(world: Practice, kind: FaultKind) -> None:
    account = await world.connect()
    world.sandbox.faults.add(Fault(kind=kind, where="api", times=1))

    refused = await world.search(account)

    assert isinstance(refused, Failure)
    assert not any(word in said(refused) for word in REAUTH_WORDS)
    assert "_url" not in said(refused)


async def test_a_dead_grants_failure_carries_link_and_code_and_its_event_the_link_alone(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.revoke()

    refused = await world.search(account)

    assert isinstance(refused, ReauthRequired)
    assert str(refused.confirmation_code) in refused.as_text()
    (event,) = world.app.outbox.after(LOCAL_TENANT, 0, 10)
    handle = event.data["reauth_url"].rpartition("/")[2]
    assert world.app.links.opened(handle).account_id == account.id
    code = world.app.links.seal.code(handle)
    assert code not in json.dumps(event.data)
    assert str(refused.confirmation_code) not in json.dumps(event.data)
    assert not any("code" in name and name != "error_code" for name in event.data)


async def test_a_link_is_made_without_a_write(world: Practice) -> None:
    account = await world.connect()
    before = world.app.vault.file.read_bytes()

    links = [world.app.links.reauth(account.key) for _ in range(10)]

    assert world.app.vault.file.read_bytes() == before
    assert len({link.url for link in links}) == 10


async def test_no_secret_of_the_account_lies_in_its_link(world: Practice) -> None:
    account = await world.connect()
    (held,) = world.app.desk.grants.of_account(account.key)
    claims = world.app.links.opened(handle_of(world.app.links.reauth(account.key)))

    told: JsonObject = {"claims": repr(claims)}
    for secret in (held.grant.access_token, held.grant.refresh_token):
        assert secret is not None
        assert secret.reveal() not in json.dumps(told)
    assert account.label not in json.dumps(told)


async def test_a_step_up_that_names_no_scope_asks_for_what_the_tool_needs(world: Practice) -> None:
    account = await world.connect()

    link = world.app.links.step_up(account, ("crm.write", "crm.write"))

    assert world.app.links.opened(handle_of(link)).scopes == ("crm.read", "crm.write")
