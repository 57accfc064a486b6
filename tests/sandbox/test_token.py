import base64
from urllib.parse import quote_plus

import pytest
from tests.fakes.clock import ManualClock
from tests.sandbox.agent import CLIENT_ID, REDIRECT, SECRET, VERIFIER, Agent, error_in

from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Behaviour, ExpiresIn

pytestmark = pytest.mark.anyio


async def test_a_code_becomes_a_pair_of_tokens(agent: Agent, sandbox: Sandbox) -> None:
    response = await agent.redeem(await agent.code(scope="crm.read"))
    tokens = response.json()
    assert response.headers["cache-control"] == "no-store"
    assert tokens["access_token"].startswith("sbx_at_")
    assert tokens["refresh_token"].startswith("sbx_rt_")
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, "crm.read")
    assert sandbox.count.grants_issued == 1
    assert sandbox.count.token_requests == {"authorization_code": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "v" * 42},
        {"redirect_uri": "http://127.0.0.1:5000/callback"},
        {"code": "sbx_code_unknown"},
        {"client_id": "other", "client_secret": "other secret"},
    ],
)
async def test_a_code_is_bound_to_its_verifier_redirect_and_client(agent: Agent, changes: dict[str, str]) -> None:
    code = await agent.code()
    assert error_in(await agent.redeem(**{"code": code, **changes})) == (400, "invalid_grant")
    assert (await agent.redeem(code)).status_code == 200


@pytest.mark.parametrize("missing", ["code", "redirect_uri", "code_verifier", "grant_type"])
async def test_every_parameter_is_needed(agent: Agent, missing: str) -> None:
    assert error_in(await agent.redeem(**{"code": await agent.code(), missing: ""})) == (400, "invalid_request")


async def test_a_code_lives_sixty_seconds(agent: Agent, clock: ManualClock) -> None:
    young, old = await agent.code(), await agent.code()
    clock.advance(59)
    assert (await agent.redeem(young)).status_code == 200
    clock.advance(1)
    assert error_in(await agent.redeem(old)) == (400, "invalid_grant")


async def test_a_code_used_twice_ends_what_it_was_redeemed_for(agent: Agent, sandbox: Sandbox) -> None:
    code = await agent.code()
    tokens = (await agent.redeem(code)).json()
    assert error_in(await agent.redeem(code)) == (400, "invalid_grant")
    assert (await agent.call(tokens["access_token"])).status_code == 401
    assert error_in(await agent.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert (sandbox.count.grants_dead, sandbox.count.api_revoked_token) == (1, 1)


async def test_another_client_cannot_end_a_grant_by_presenting_its_code(agent: Agent, sandbox: Sandbox) -> None:
    code = await agent.code()
    await agent.redeem(code)
    await agent.redeem(code, client_id="other", client_secret="other secret")
    assert sandbox.count.grants_dead == 0


async def test_a_client_may_authenticate_with_basic(agent: Agent) -> None:
    pair = f"{quote_plus(CLIENT_ID)}:{quote_plus(SECRET)}"
    values = {
        "grant_type": "authorization_code",
        "code": await agent.code(),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    assert (await agent.http.post("/token", data=values, headers=headers)).status_code == 200
    both = await agent.http.post("/token", data={**values, "client_secret": SECRET}, headers=headers)
    assert error_in(both) == (400, "invalid_request")


@pytest.mark.parametrize("header", ["Basic !!!", "Bearer abc", "Basic " + base64.b64encode(b"practice:no").decode()])
async def test_a_wrong_authorization_header_is_invalid_client(agent: Agent, header: str) -> None:
    response = await agent.http.post("/token", data={"grant_type": "x"}, headers={"Authorization": header})
    assert error_in(response) == (401, "invalid_client")
    assert response.headers["www-authenticate"].startswith("Basic")


async def test_a_wrong_secret_is_invalid_client_and_harms_no_token(agent: Agent, sandbox: Sandbox) -> None:
    refresh_token = str(sandbox.issue(CLIENT_ID, "anna")["refresh_token"])
    assert error_in(await agent.refresh(refresh_token, client_secret="wrong")) == (401, "invalid_client")
    assert (await agent.refresh(refresh_token)).status_code == 200


async def test_a_public_client_has_no_secret(agent: Agent, sandbox: Sandbox) -> None:
    refresh_token = str(sandbox.issue("public", "anna")["refresh_token"])
    values = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": "public"}
    assert error_in(await agent.http.post("/token", data={**values, "client_secret": "x"})) == (401, "invalid_client")
    assert (await agent.http.post("/token", data=values)).status_code == 200


async def test_only_forms_and_known_grant_types_are_read(agent: Agent) -> None:
    assert error_in(await agent.http.post("/token", json={})) == (400, "invalid_request")
    assert error_in(await agent.post("/token", grant_type="password")) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("form", "member"),
    [
        (ExpiresIn.NUMBER, {"expires_in": 90}),
        (ExpiresIn.STRING, {"expires_in": "90"}),
        (ExpiresIn.ABSENT, {}),
        (ExpiresIn.EXPIRES_AT_ISO, {"expires_at": "2027-01-01T00:01:30+00:00"}),
        (ExpiresIn.ZERO, {"expires_in": 0}),
    ],
)
async def test_the_life_is_stated_in_the_form_asked_for(
    sandbox: Sandbox, form: ExpiresIn, member: dict[str, object]
) -> None:
    sandbox.set_behaviour(CLIENT_ID, Behaviour(access_token_ttl=90, expires_in=form))
    answer = sandbox.issue(CLIENT_ID, "anna")
    assert {name: value for name, value in answer.items() if name.startswith("expires")} == member


async def test_a_refresh_may_ask_for_fewer_scopes_and_never_for_more(agent: Agent, sandbox: Sandbox) -> None:
    refresh_token = str(sandbox.issue(CLIENT_ID, "anna", ("crm.read",))["refresh_token"])
    more = await agent.refresh(refresh_token, scope="crm.read crm.write")
    assert error_in(more) == (400, "invalid_scope")
    assert (await agent.refresh(refresh_token, scope="crm.read")).json()["scope"] == "crm.read"
    assert sandbox.count.refresh_invalid_grant == 0
