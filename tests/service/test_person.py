"""What an account's tokens come with: what a former grant's answer said is not true of the next one."""

import httpx2
import pytest
from tests.oauth.samples import NOW, ROOT
from typing_extensions import override

from evergrant.calls.send import Sender
from evergrant.catalog.catalog import Catalog
from evergrant.model.json import Json
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued
from evergrant.service.person import identify
from evergrant.wire import http_client

pytestmark = pytest.mark.anyio
GOOGLE = Catalog([ROOT]).connector("google_sheets")


class Userinfo(httpx2.AsyncBaseTransport):
    """Says who signed in."""

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"sub": "1", "email": "ada@acme.example"}, request=request)


@pytest.mark.parametrize(
    ("body", "values"),
    [({"refresh_token_expires_in": 604799}, {"refresh_token_expires_in": "604799"}), ({}, {})],
)
async def test_a_consent_forgets_what_the_former_answer_said(body: Json, values: dict[str, str]) -> None:
    issued = Issued(Secret("at"), None, NOW, None, end_stated=True, scopes=None, body=body)
    async with http_client(Userinfo(), keep_alive=0) as http:
        person = await identify(Sender(http), GOOGLE, {"refresh_token_expires_in": "3600"}, issued)

    assert (person.label, person.values) == ("ada@acme.example", values)
