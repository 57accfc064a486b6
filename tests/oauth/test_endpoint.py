import base64
import json
from datetime import timedelta
from urllib.parse import parse_qsl

import anyio
import httpx2
import pytest
from tests.fakes.clock import ManualClock
from tests.oauth.samples import NOW, SECRET, Script, answer, client, connector

from evergrant.catalog.connector import Connector
from evergrant.model.failpoint import nothing
from evergrant.model.grant import Grant
from evergrant.model.json import JsonObject
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued, Rejected
from evergrant.oauth.endpoint import TokenEndpoint
from evergrant.wire import LARGEST_TOKEN_ANSWER, http_client

pytestmark = pytest.mark.anyio
GOOD: JsonObject = {"access_token": "at", "expires_in": 60}
TOKEN = Secret("rt/1+")


class Silence(Script):
    """Takes the request and never answers."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        await anyio.sleep_forever()
        raise AssertionError


def endpoint(script: Script) -> TokenEndpoint:
    return TokenEndpoint(http_client(script, keep_alive=0), ManualClock(NOW), nothing)


async def refresh(script: Script, of: Connector | None = None, secret: str | None = SECRET) -> Issued | Rejected:
    return await endpoint(script).refresh(client(of or connector(), secret=secret), TOKEN)


def form(request: httpx2.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode(), strict_parsing=True))


async def test_a_refresh_is_one_form_to_the_token_endpoint() -> None:
    script = Script(answer(200, GOOD))
    found = await refresh(script)
    assert isinstance(found, Issued)
    assert (found.issued_at, found.expires_at) == (NOW, NOW + timedelta(minutes=1))
    [request] = script.requests
    assert (request.method, str(request.url)) == ("POST", "https://login.example/token")
    assert form(request) == {
        "grant_type": "refresh_token",
        "refresh_token": "rt/1+",
        "client_id": "cid",
        "client_secret": "hush",
    }
    assert "authorization" not in request.headers


async def test_a_code_goes_with_its_proof() -> None:
    script = Script(answer(200, GOOD))
    proof: dict[str, Secret | str] = {"redirect_uri": "http://localhost/cb", "code_verifier": Secret("v" * 43)}
    await endpoint(script).exchange_code(client(connector()), Secret("c-1"), proof)
    sent = form(script.requests[0])
    assert (sent["grant_type"], sent["code"], sent["code_verifier"]) == ("authorization_code", "c-1", "v" * 43)


async def test_basic_authentication_form_encodes_both_parts() -> None:
    acme = connector(oauth={"token_endpoint_auth_method": "client_secret_basic"})
    script = Script(answer(200, GOOD))
    odd = client(acme, client_id="a:b c", secret="p:ss word/+%é")
    await endpoint(script).refresh(odd, TOKEN)
    [request] = script.requests
    scheme, _, pair = request.headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(pair) == b"a%3Ab+c:p%3Ass+word%2F%2B%25%C3%A9"
    assert set(form(request)) == {"grant_type", "refresh_token"}, "never by two methods at once"


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
async def test_a_public_client_names_itself_in_the_form(method: str) -> None:
    script = Script(answer(200, GOOD))
    await refresh(script, connector(oauth={"token_endpoint_auth_method": method}), secret=None)
    [request] = script.requests
    assert form(request)["client_id"] == "cid"
    assert "client_secret" not in form(request)
    assert "authorization" not in request.headers


async def test_a_provider_may_want_json() -> None:
    script = Script(answer(200, GOOD))
    await refresh(script, connector(oauth={"token_endpoint_encoding": "json"}))
    [request] = script.requests
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content)["refresh_token"] == "rt/1+"


FAILURES = [
    (httpx2.ConnectError("refused"), "transient", "not_sent", False),
    (httpx2.ConnectTimeout("slow"), "transient", "not_sent", False),
    (httpx2.PoolTimeout("busy"), "transient", "not_sent", False),
    (httpx2.ReadTimeout("slow"), "transient", "no_answer", True),
    (httpx2.ReadError("reset"), "transient", "no_answer", True),
    (httpx2.WriteError("reset"), "transient", "no_answer", True),
    (httpx2.RemoteProtocolError("cut"), "transient", "no_answer", True),
    (answer(500), "transient", "http_500", True),
    (answer(503, {}, [("Retry-After", "5")]), "transient", "http_503", True),
    (answer(408), "transient", "http_408", True),
    (answer(302, None, [("Location", "https://login.example/elsewhere")]), "transient", "http_302", True),
    (answer(307, None, [("Location", "https://evil.example/token")]), "transient", "http_307", True),
    (answer(308, None, [("Location", "https://login.example/token")]), "transient", "http_308", True),
    (answer(401, None, [("WWW-Authenticate", "Basic")]), "transient", "http_401", True),
    (answer(400, {"error": "invalid_grant"}), "terminal", "invalid_grant", False),
    (answer(400, {"error": "temporarily_unavailable"}), "transient", "temporarily_unavailable", False),
    (answer(400, {"error": "something_new"}), "transient", "something_new", False),
    (answer(200, {"error": "something_new"}), "transient", "something_new", True),
    (answer(503, {"error": "invalid_grant"}), "transient", "invalid_grant", True),
    (answer(429), "ratelimit", "http_429", False),
    (answer(401, {"error": "invalid_client"}), "config", "invalid_client", False),
    (answer(200, {"access_token": "x" * LARGEST_TOKEN_ANSWER}), "transient", "no_answer", True),
]


@pytest.mark.parametrize(("failure", "class_", "code", "may_be_spent"), FAILURES)
async def test_whatever_fails_the_token_is_sent_once(
    failure: httpx2.Response | Exception, class_: str, code: str, may_be_spent: bool
) -> None:
    script = Script(failure)
    found = await refresh(script)
    assert isinstance(found, Rejected)
    assert (found.class_, found.code, found.may_be_spent) == (class_, code, may_be_spent)
    assert len(script.requests) == 1


async def test_an_exchange_ends_by_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evergrant.oauth.endpoint.EXCHANGE_DEADLINE_S", 0.01)
    script = Silence()
    assert await refresh(script) == Rejected("transient", "no_answer", "TimeoutError", may_be_spent=True)
    assert len(script.requests) == 1


async def test_a_cookie_of_one_exchange_is_not_sent_with_another() -> None:
    script = Script(answer(200, GOOD, [("Set-Cookie", "sid=of-ada; Path=/")]), answer(200, GOOD))
    token_endpoint = endpoint(script)
    for token in ("of-ada", "of-bob"):
        await token_endpoint.refresh(client(connector()), Secret(token))
    assert "cookie" not in script.requests[1].headers


GRANT = Grant(1, Secret("at"), Secret("rt"), NOW, None, None)


@pytest.mark.parametrize(("kind", "token"), [("refresh_token", "rt"), ("access_token", "at")])
async def test_a_revocation_names_the_token_that_the_connector_says(kind: str, token: str) -> None:
    script = Script(answer(200))
    acme = connector(oauth={"revocation_endpoint": "https://login.example/revoke", "revocation_token": kind})
    assert await endpoint(script).revoke(client(acme), GRANT) is None
    assert form(script.requests[0]) == {"token": token, "client_id": "cid", "client_secret": "hush"}


async def test_a_revocation_may_go_by_the_token_itself() -> None:
    script = Script(answer(200))
    acme = connector(oauth={"revocation_endpoint": "https://login.example/revoke", "revocation_token": "bearer"})
    assert await endpoint(script).revoke(client(acme), GRANT) is None
    assert script.requests[0].headers["Authorization"] == "Bearer at"


async def test_a_revocation_may_differ_from_the_rfc_in_method_names_signature_and_encoding() -> None:
    script = Script(answer(204))
    acme = connector(
        oauth={
            "token_endpoint_auth_method": "client_secret_post",
            "revocation_endpoint": "https://login.example/applications/{client_id}/token",
            "revocation_token": "access_token",
            "revocation_request": {
                "method": "DELETE",
                "parameter": "access_token",
                "auth_method": "client_secret_basic",
                "encoding": "json",
            },
        }
    )
    assert await endpoint(script).revoke(client(acme), GRANT) is None
    sent = script.requests[0]
    assert (sent.method, str(sent.url)) == ("DELETE", "https://login.example/applications/cid/token")
    assert sent.headers["Authorization"] == f"Basic {base64.b64encode(b'cid:hush').decode()}"
    assert json.loads(sent.content) == {"access_token": "at"}


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (answer(503), "the provider answered 503"),
        (answer(302, None, [("Location", "https://login.example/")]), "the provider answered 302"),
        (httpx2.ReadTimeout("slow"), "the provider did not answer (ReadTimeout)"),
    ],
)
async def test_a_revocation_that_fails_says_why(failure: httpx2.Response | Exception, why: str) -> None:
    script = Script(failure)
    acme = connector(oauth={"revocation_endpoint": "https://login.example/revoke"})
    unrevoked = await endpoint(script).revoke(client(acme), GRANT)
    assert unrevoked is not None
    assert unrevoked.why == why
    assert len(script.requests) == 1


async def test_a_provider_without_a_revocation_endpoint_is_not_asked() -> None:
    script = Script()
    unrevoked = await endpoint(script).revoke(client(connector()), GRANT)
    assert unrevoked is not None
    assert unrevoked.kind == "unsupported"
    assert script.requests == []
