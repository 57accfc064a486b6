import random
from urllib.parse import urlencode

import httpx2
import pytest
from tests.fakes.clock import ManualClock
from tests.fakes.consent import approve
from tests.sandbox.agent import AUTHORIZE, CLIENT_ID, ISSUER, REDIRECT, SECRET, Agent, answer_in

from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.authorization_request import same_redirect
from evergrant.sandbox.behaviour import Client

pytestmark = pytest.mark.anyio


async def test_the_metadata_names_every_endpoint_and_s256(agent: Agent) -> None:
    found = (await agent.http.get("/.well-known/oauth-authorization-server")).json()
    assert found["issuer"] == ISSUER
    assert found["token_endpoint"] == f"{ISSUER}/token"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["scopes_supported"] == ["crm.read", "crm.write"]


async def test_the_page_asks_and_an_approval_brings_code_state_and_issuer(agent: Agent) -> None:
    page = await agent.authorize()
    assert page.status_code == 200
    assert 'value="anna"' in page.text
    assert "st&amp;te" in page.text
    answer = answer_in(await agent.http.post("/authorize", data={**AUTHORIZE, "user": "ben", "decision": "approve"}))
    assert answer["state"] == "st&te"
    assert answer["iss"] == ISSUER
    tokens = (await agent.redeem(answer["code"])).json()
    assert (await agent.call(tokens["access_token"])).json()["sub"] == "usr_ben"


async def test_a_denial_is_access_denied(agent: Agent) -> None:
    answer = answer_in(await agent.http.post("/authorize", data={**AUTHORIZE, "decision": "deny"}))
    assert answer["error"] == "access_denied"
    assert answer["state"] == "st&te"
    assert "code" not in answer


async def test_what_a_page_repeats_cannot_become_markup(agent: Agent) -> None:
    page = await agent.authorize(state='"><script>')
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"scope": "crm.read crm.all"}, "invalid_scope"),
    ],
)
async def test_a_bad_request_of_a_known_client_is_redirected_as_an_error(
    agent: Agent, changes: dict[str, str], error: str
) -> None:
    answer = answer_in(await agent.authorize(auto="approve", **changes))
    assert (answer["error"], answer["iss"]) == (error, ISSUER)


@pytest.mark.parametrize(
    "changes", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/callback"}, {"redirect_uri": ""}]
)
async def test_an_untrusted_destination_is_told_on_the_page_only(agent: Agent, changes: dict[str, str]) -> None:
    response = await agent.authorize(auto="approve", **changes)
    assert response.status_code == 400
    assert "location" not in response.headers


async def test_a_repeated_parameter_is_refused(agent: Agent) -> None:
    response = await agent.http.get("/authorize", params=[*AUTHORIZE.items(), ("client_id", CLIENT_ID)])
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("asked", "same"),
    [
        ("http://127.0.0.1:49152/callback", True),
        ("http://127.0.0.1/callback", True),
        ("http://localhost:49152/callback", False),
        ("http://127.0.0.1:49152/other", False),
        ("http://127.0.0.1:80@evil.example/callback", False),
        ("http://127.0.0.1.evil.example/callback", False),
        ("https://127.0.0.1:49152/callback", False),
    ],
)
async def test_only_the_port_of_a_loopback_redirect_may_differ(asked: str, *, same: bool) -> None:
    assert same_redirect(REDIRECT, asked) is same


async def test_a_port_outside_loopback_must_match() -> None:
    assert same_redirect("http://[::1]/cb", "http://[::1]:5000/cb")
    assert not same_redirect("https://shop.example/cb", "https://shop.example:444/cb")


async def test_nobody_approves_automatically_unless_configured(clock: ManualClock) -> None:
    clients = {CLIENT_ID: Client(SECRET, (REDIRECT,))}
    careful = Sandbox(clients, clock=clock, chance=random.Random(1))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=careful.app), base_url=ISSUER) as http:
        response = await Agent(http).authorize(auto="approve")
    assert response.status_code == 200
    assert "Approve" in response.text


async def test_a_scripted_person_can_use_the_page(sandbox: Sandbox) -> None:
    transport = httpx2.ASGITransport(app=sandbox.app)
    back = await approve(f"{ISSUER}/authorize?{urlencode(AUTHORIZE)}", "ben", transport=transport)
    assert back.startswith(f"{REDIRECT}?code=sbx_code_")
