import traceback

import httpx2
import pytest
from tests.oauth.samples import Script, answer

from evergrant.calls.send import Sender
from evergrant.catalog.origin import origin
from evergrant.model.secret import Secret
from evergrant.tokens.bearer import Credential, CredentialWithheld, without
from evergrant.wire import LARGEST_API_ANSWER, AnswerTooLarge

pytestmark = pytest.mark.anyio
CREDENTIAL = Credential(Secret("tok-7f3a9c"), (origin("https://api.example/v1"), origin("https://id.example/me")))


async def send(script: Script, url: str) -> tuple[httpx2.Response, bytes]:
    return await Sender(script).send(httpx2.Request("GET", url), CREDENTIAL.attach)


@pytest.mark.parametrize("url", ["https://api.example/v1/things?x=1", "https://id.example/me"])
async def test_the_token_goes_with_a_call_to_an_allowed_origin(url: str) -> None:
    script = Script(answer(200, [1]))
    response, body = await send(script, url)
    assert (response.status_code, body) == (200, b"[1]")
    assert script.requests[0].headers["Authorization"] == "Bearer tok-7f3a9c"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/things",
        "https://api.example.evil.example/v1/things",
        "http://api.example/v1/things",
        "https://api.example:8443/v1/things",
        "https://api.example/v2/things",
        "https://api.example/v1/..%2fadmin",
        "https://user@api.example/v1/things",
    ],
)
async def test_to_anywhere_else_nothing_is_sent(url: str) -> None:
    script = Script(answer(200))
    with pytest.raises(CredentialWithheld, match="no credential goes to") as caught:
        await send(script, url)
    assert script.requests == []
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "tok-7f3a9c" not in shown


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    script = Script(answer(status, None, [("Location", "https://evil.example/v1/")]))
    response, _ = await send(script, "https://api.example/v1/things")
    assert response.status_code == status
    assert len(script.requests) == 1


async def test_a_401_is_not_answered_with_a_second_try_here() -> None:
    script = Script(answer(401))
    await send(script, "https://api.example/v1/things")
    assert len(script.requests) == 1


async def test_an_answer_is_read_up_to_its_limit() -> None:
    largest = httpx2.Response(200, content=bytes(LARGEST_API_ANSWER))
    _, body = await send(Script(largest), "https://api.example/v1/things")
    assert len(body) == LARGEST_API_ANSWER
    larger = httpx2.Response(200, content=bytes(LARGEST_API_ANSWER + 1))
    with pytest.raises(AnswerTooLarge):
        await send(Script(larger), "https://api.example/v1/things")


def test_a_token_that_an_answer_repeats_is_blanked() -> None:
    token = Secret("tok/7f3a9c/0011")
    body = rb'{"headers": {"Authorization": "Bearer tok/7f3a9c/0011"}, "again": "tok\/7f3a9c\/0011"}'
    assert without(token, body) == b'{"headers": {"Authorization": "Bearer [access token]"}, "again": "[access token]"}'
    assert without(Secret("at"), b'{"at": 1}') == b'{"at": 1}', "so short a word is no token"
