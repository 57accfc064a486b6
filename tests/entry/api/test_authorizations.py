"""`/v1/authorizations`: the tenant's back end says who the person is before a code is exchanged."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
import structlog
from sqlmodel import Session, col, select
from tests.fakes.consent import deny
from tests.fakes.person import Person, person
from tests.fakes.practice import Practice, practice

from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.link import Link
from evergrant.model.principal import Principal
from evergrant.parts import mcp_parts
from evergrant.settings import LOCAL_TENANT
from evergrant.store.tables import AuthorizationRow
from evergrant.surface import consents, web_app
from evergrant.vault.bearer import local_bearer

pytestmark = pytest.mark.anyio
RETURN_URL = "https://app.example/connected?from=evergrant"


@dataclass(frozen=True)
class Hosted:
    """A vault whose tenant has a back end of its own, which calls as `back_end`."""

    world: Practice
    back_end: httpx2.AsyncClient
    anna: Person

    async def link(self, **body: object) -> Link:
        wanted = body or {"connector": "sandbox", "alias": "acme", "values": {"origin": self.world.url}}
        made = (await self.back_end.post("/v1/links", json=wanted)).json()
        return Link(made["url"], made["confirmation_code"])

    async def signed_in(self, user: str = "anna", **body: object) -> str:
        """The id of a consent that waits for the back end's word."""
        page = await self.anna.connects(await self.link(**body), user)
        assert page.status_code == 303, page.text
        address, _, authorization_id = page.headers["Location"].rpartition("&authorization_id=")
        assert address == RETURN_URL
        return str(authorization_id)

    @property
    def redeemed(self) -> int:
        return self.world.sandbox.count.token_requests.get("authorization_code", 0)

    async def status(self, authorization_id: str) -> dict[str, object]:
        found: dict[str, object] = (await self.back_end.get(f"/v1/authorizations/{authorization_id}")).json()
        return found

    async def post(self, authorization_id: str, what: str) -> httpx2.Response:
        return await self.back_end.post(f"/v1/authorizations/{authorization_id}/{what}")


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncGenerator[Hosted, None]:
    async with practice(tmp_path / "home", hosted_at=RETURN_URL) as world:
        log = structlog.get_logger()
        web = web_app(world.app, make_server(mcp_parts(world.app, log), bearer_principal), dict, log)
        token = local_bearer(world.app.vault.ring.ring).reveal()
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(web),
            base_url="http://localhost",
            headers={"Authorization": f"Bearer {token}"},
        ) as back_end:
            yield Hosted(world, back_end, person(consents(world.app)))


async def test_the_page_asks_for_no_code_and_links_have_none(hosted: Hosted) -> None:
    link = await hosted.link()

    assert link.code is None
    assert "Confirmation code" not in (await hosted.anna.opens(link.url)).text


async def test_nothing_is_exchanged_before_the_back_end_has_confirmed(hosted: Hosted) -> None:
    authorization_id = await hosted.signed_in()

    assert hosted.redeemed == 0
    told = await hosted.status(authorization_id)
    assert (told["status"], told["connector"], told["alias"]) == ("awaiting", "sandbox", "acme")
    assert (told["purpose"], told["connected_account_id"]) == ("connect", None)

    confirmed = await hosted.post(authorization_id, "confirm")

    assert confirmed.status_code == 200
    (account,) = hosted.world.app.accounts.all(LOCAL_TENANT)
    assert confirmed.json()["connected_account_id"] == account.id
    assert (await hosted.status(authorization_id))["connected_account_id"] == account.id
    assert hosted.redeemed == 1


async def test_the_back_end_is_told_which_account_a_reconnect_is_for(hosted: Hosted) -> None:
    await hosted.post(await hosted.signed_in(), "confirm")
    (account,) = hosted.world.app.accounts.all(LOCAL_TENANT)

    told = await hosted.status(await hosted.signed_in(connected_account_id=account.id))

    assert (told["purpose"], told["connected_account_id"]) == ("reauth", account.id)


async def test_a_denied_code_is_forgotten_and_never_exchanged(hosted: Hosted) -> None:
    authorization_id = await hosted.signed_in()

    assert (await hosted.post(authorization_id, "deny")).json()["status"] == "denied"

    late = await hosted.post(authorization_id, "confirm")
    assert (late.status_code, late.json()["code"]) == (409, "nothing_to_confirm")
    assert (hosted.redeemed, codes_kept(hosted)) == (0, 0)


async def test_a_code_that_is_never_confirmed_is_forgotten_at_its_end(hosted: Hosted) -> None:
    authorization_id = await hosted.signed_in()
    assert codes_kept(hosted) == 1
    hosted.world.clock.advance(600)

    assert await hosted.world.app.answers.forget_late() == 1

    assert codes_kept(hosted) == 0
    assert (await hosted.post(authorization_id, "confirm")).status_code == 409
    assert (await hosted.status(authorization_id))["status"] == "failed"
    assert hosted.redeemed == 0


async def test_a_late_confirmation_exchanges_nothing_though_no_job_has_run(hosted: Hosted) -> None:
    authorization_id = await hosted.signed_in()
    hosted.world.clock.advance(600)

    assert (await hosted.post(authorization_id, "confirm")).status_code == 409
    assert (hosted.redeemed, codes_kept(hosted)) == (0, 0)


async def test_a_code_is_confirmed_once_by_one_of_many(hosted: Hosted) -> None:
    authorization_id = await hosted.signed_in()

    answers = await asyncio.gather(*(hosted.post(authorization_id, "confirm") for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert hosted.redeemed == 1


async def test_another_tenant_can_neither_see_nor_confirm_nor_deny(hosted: Hosted) -> None:
    authorization_id = await hosted.signed_in()
    log = structlog.get_logger()
    app = hosted.world.app

    async def principal_of(token: str) -> Principal:
        return Principal(f"tnt_{token}")

    web = web_app(app, make_server(mcp_parts(app, log), bearer_principal), dict, log, principal_of=principal_of)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(web), base_url="http://localhost", headers={"Authorization": "Bearer stranger"}
    ) as stranger:
        for method, path in (("GET", ""), ("POST", "/confirm"), ("POST", "/deny")):
            theirs = await stranger.request(method, f"/v1/authorizations/{authorization_id}{path}")
            none = await stranger.request(method, f"/v1/authorizations/link_none{path}")
            assert (theirs.status_code, theirs.content) == (404, none.content)
    assert (await hosted.post(authorization_id, "confirm")).status_code == 200


async def test_a_reconnect_as_another_person_is_told_to_the_back_end(hosted: Hosted) -> None:
    await hosted.post(await hosted.signed_in(), "confirm")
    (account,) = hosted.world.app.accounts.all(LOCAL_TENANT)

    refused = await hosted.post(await hosted.signed_in("bert", connected_account_id=account.id), "confirm")

    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_identity")
    assert hosted.world.app.accounts.get(account.key) == account


async def test_a_consent_begun_under_the_back_ends_proof_is_not_finished_without_it(hosted: Hosted) -> None:
    redirect = await hosted.anna.signs_in(await hosted.link())
    without = replace(consents(hosted.world.app), return_url=None)
    other = person(without)
    other.browser.cookies.update(hosted.anna.browser.cookies)

    assert (await other.browser.get(redirect)).status_code == 303
    assert hosted.redeemed == 0


async def test_a_declined_consent_waits_for_nobody(hosted: Hosted) -> None:
    page = await hosted.anna.opens(await deny(await hosted.anna.proves(await hosted.link())))

    assert "You declined" in page.text


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/confirm"), ("POST", "/deny")])
async def test_without_a_token_there_is_nothing(hosted: Hosted, method: str, path: str) -> None:
    del hosted.back_end.headers["Authorization"]

    assert (await hosted.back_end.request(method, f"/v1/authorizations/link_1{path}")).status_code == 401


def codes_kept(hosted: Hosted) -> int:
    def count(session: Session) -> int:
        return len(session.exec(select(AuthorizationRow.id).where(col(AuthorizationRow.code).is_not(None))).all())

    return hosted.world.app.vault.database.read(count)
