"""The fakes prove themselves: the server keeps the lives and rotation that other tests rely on."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Generator
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio
import httpx2
import pytest
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from tests.fakes.consent import approve, deny
from tests.fakes.oidc_provider import OidcProvider, oidc_provider
from typing_extensions import TypedDict

pytestmark = pytest.mark.anyio

VERIFIER = "a-code-verifier-of-at-least-forty-three-characters"
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SHORT_LIFE_SECONDS = 2


class Answer(Protocol):
    async def __call__(self, authorize_url: str, login: str, *, transport: httpx2.AsyncBaseTransport) -> str: ...


class Tokens(TypedDict):
    access_token: str
    refresh_token: str
    expires_in: int


@pytest.fixture(scope="module")
def provider() -> Generator[OidcProvider]:
    with oidc_provider(access_token_seconds=600) as running:
        yield running


def authorize_url(provider: OidcProvider, **changes: str) -> str:
    request = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": "http://127.0.0.1:4711/callback",
        "scope": "openid offline_access crm.read",
        "prompt": "consent",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{provider.authorization_endpoint}?{urlencode(request | changes)}"


def parameters(redirect: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(redirect).query))


async def post(provider: OidcProvider, endpoint: str, **form: str) -> httpx2.Response:
    async with httpx2.AsyncClient(auth=(provider.client_id, provider.client_secret), trust_env=False) as client:
        return await client.post(endpoint, data=form)


async def exchange(provider: OidcProvider, redirect: str, verifier: str = VERIFIER) -> httpx2.Response:
    return await post(
        provider,
        provider.token_endpoint,
        grant_type="authorization_code",
        code=parameters(redirect)["code"],
        redirect_uri="http://127.0.0.1:4711/callback",
        code_verifier=verifier,
    )


async def refresh(provider: OidcProvider, refresh_token: str) -> httpx2.Response:
    return await post(provider, provider.token_endpoint, grant_type="refresh_token", refresh_token=refresh_token)


def tokens_of(response: httpx2.Response) -> Tokens:
    assert response.status_code == 200, response.text
    return TypeAdapter(Tokens).validate_json(response.content)


async def connect(provider: OidcProvider, login: str = "anna") -> Tokens:
    return tokens_of(await exchange(provider, await approve(authorize_url(provider), login)))


async def call(provider: OidcProvider, access_token: str, path: str = "/api/me") -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=provider.issuer, trust_env=False) as client:
        return await client.get(path, headers={"Authorization": f"Bearer {access_token}"})


async def is_active(provider: OidcProvider, token: str) -> bool:
    response = await post(provider, provider.introspection_endpoint, token=token)
    return TypeAdapter(dict[str, object]).validate_json(response.content)["active"] is True


async def answer_after_expiry(provider: OidcProvider, access_token: str) -> httpx2.Response:
    """The first answer that is not 200; the last one when the token outlived its life by two seconds."""
    response = await call(provider, access_token)
    for _ in range((SHORT_LIFE_SECONDS + 2) * 20):
        if response.status_code != 200:
            break
        await anyio.sleep(0.05)
        response = await call(provider, access_token)
    return response


async def test_consent_comes_back_with_a_code_the_state_and_the_issuer(provider: OidcProvider) -> None:
    redirect = await approve(authorize_url(provider))

    assert redirect.startswith("http://127.0.0.1:4711/callback?")
    assert parameters(redirect)["state"] == "s1"
    assert parameters(redirect)["iss"] == provider.issuer
    assert parameters(redirect)["code"]


async def test_a_code_buys_tokens_that_the_api_takes(provider: OidcProvider) -> None:
    tokens = await connect(provider, "bruno")

    assert tokens["expires_in"] == 600
    assert (await call(provider, tokens["access_token"])).json()["sub"] == "bruno"
    found = await call(provider, tokens["access_token"], "/api/contacts?query=rossi")
    assert [contact["email"] for contact in found.json()["contacts"]] == ["bruno.rossi@example.org"]


async def test_a_refusal_comes_back_as_access_denied(provider: OidcProvider) -> None:
    answer = parameters(await deny(authorize_url(provider)))

    assert (answer["error"], answer["state"]) == ("access_denied", "s1")
    assert "code" not in answer


async def test_a_request_without_pkce_is_refused(provider: OidcProvider) -> None:
    answer = parameters(await approve(authorize_url(provider, code_challenge="", code_challenge_method="")))

    assert answer["error"] == "invalid_request"


async def test_another_code_verifier_is_refused(provider: OidcProvider) -> None:
    redirect = await approve(authorize_url(provider))

    response = await exchange(provider, redirect, verifier="x" * 43)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


async def test_a_refresh_rotates_the_refresh_token(provider: OidcProvider) -> None:
    first = await connect(provider)

    second = tokens_of(await refresh(provider, first["refresh_token"]))

    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert (await call(provider, second["access_token"])).status_code == 200


async def test_an_access_token_ends_after_its_life_and_its_refresh_token_goes_on() -> None:
    with oidc_provider(access_token_seconds=SHORT_LIFE_SECONDS) as provider:
        tokens = await connect(provider)
        assert (await call(provider, tokens["access_token"])).status_code == 200

        response = await answer_after_expiry(provider, tokens["access_token"])

        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert not await is_active(provider, tokens["access_token"])
        assert await is_active(provider, tokens["refresh_token"])
        assert (await refresh(provider, tokens["refresh_token"])).status_code == 200


async def test_a_second_use_of_a_refresh_token_ends_the_grant_for_good(provider: OidcProvider) -> None:
    first = await connect(provider)
    second = tokens_of(await refresh(provider, first["refresh_token"]))

    replay = await refresh(provider, first["refresh_token"])
    after = await refresh(provider, second["refresh_token"])

    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert (after.status_code, after.json()["error"]) == (400, "invalid_grant")
    assert (await call(provider, second["access_token"])).status_code == 401


async def test_revoking_all_ends_every_grant(provider: OidcProvider) -> None:
    anna, bruno = await connect(provider, "anna"), await connect(provider, "bruno")

    assert provider.revoke_all() >= 2

    for tokens in (anna, bruno):
        assert (await call(provider, tokens["access_token"])).status_code == 401
        refused = await refresh(provider, tokens["refresh_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert provider.revoke_all() == 0


async def test_a_client_can_revoke_its_own_refresh_token(provider: OidcProvider) -> None:
    tokens = await connect(provider)

    await post(provider, provider.revocation_endpoint, token=tokens["refresh_token"])

    assert not await is_active(provider, tokens["refresh_token"])


async def test_a_request_without_a_token_meets_a_plain_challenge(provider: OidcProvider) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.get(f"{provider.issuer}/api/me")

    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_secret_may_come_in_the_body(provider: OidcProvider) -> None:
    tokens = await connect(provider)
    body = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": provider.client_id,
    }

    async with httpx2.AsyncClient(trust_env=False) as client:
        wrong = await client.post(provider.token_endpoint, data=body | {"client_secret": "guessed"})
        right = await client.post(provider.token_endpoint, data=body | {"client_secret": provider.client_secret})

    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert right.status_code == 200


async def test_a_grant_outlives_more_records_than_the_librarys_own_memory_keeps(provider: OidcProvider) -> None:
    """Every refresh writes at least two records; that memory drops what is older than its newest 2,000."""
    idle, busy = await connect(provider, "anna"), await connect(provider, "bruno")
    async with httpx2.AsyncClient(auth=(provider.client_id, provider.client_secret), trust_env=False) as client:
        for _ in range(1000):
            form = {"grant_type": "refresh_token", "refresh_token": busy["refresh_token"]}
            busy = tokens_of(await client.post(provider.token_endpoint, data=form))

    assert (await refresh(provider, idle["refresh_token"])).status_code == 200


async def test_a_grant_ends_after_its_own_life() -> None:
    with oidc_provider(access_token_seconds=600, grant_seconds=SHORT_LIFE_SECONDS) as provider:
        tokens = await connect(provider)

        assert (await answer_after_expiry(provider, tokens["access_token"])).status_code == 401
        refused = await refresh(provider, tokens["refresh_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


async def test_the_counts_tell_what_was_asked_and_answered() -> None:
    with oidc_provider(access_token_seconds=600) as provider:
        tokens = await connect(provider)
        await refresh(provider, "unknown")
        await call(provider, "unknown")
        async with httpx2.AsyncClient(base_url=provider.issuer, trust_env=False) as client:
            bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
            await client.post("/api/rows", json={"name": "Dara"}, headers=bearer)
        counts = provider.counts()

    assert counts.token == {"authorization_code": {200: 1}, "refresh_token": {400: 1}}
    assert counts.token["refresh_token"][200] == 0
    assert counts.api == {200: 1, 401: 1}
    assert [(row.sub, row.row) for row in counts.rows] == [("anna", {"name": "Dara"})]


def test_the_server_is_gone_after_its_block() -> None:
    with oidc_provider() as provider:
        pass

    with pytest.raises(httpx2.ConnectError):
        provider.counts()


CONSENT_WITH_BUTTONS = """
<form action="/language"><button name="to" value="de">Deutsch</button><button type="button">?</button></form>
<form method="post">
  <input type="hidden" name="request" value="a&amp;b"><input name="user"><input type="checkbox" name="news">
  <button name="decision" value="approve">Allow <b>access</b></button>
  <button name="decision" value="deny">No, thanks</button>
</form>
"""


async def page_with_buttons(request: Request) -> Response:
    if request.method == "GET":
        return HTMLResponse(CONSENT_WITH_BUTTONS)
    return RedirectResponse(f"http://127.0.0.1:1/back?{(await request.body()).decode()}", status_code=303)


@pytest.mark.parametrize(("answer", "decision"), [(approve, "approve"), (deny, "deny")])
async def test_a_page_with_two_buttons_gets_the_one_that_was_meant(answer: Answer, decision: str) -> None:
    url = "http://sandbox.test/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fback"

    app = Starlette(routes=[Route("/authorize", page_with_buttons, methods=["GET", "POST"])])

    redirect = await answer(url, "chen", transport=httpx2.ASGITransport(app))

    assert parameters(redirect) == {"request": "a&b", "user": "chen", "decision": decision}
