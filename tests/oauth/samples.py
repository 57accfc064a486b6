"""A small connector, its client, its answers, and a transport that plays a script."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from evergrant.catalog.catalog import merge
from evergrant.catalog.connector import Connector
from evergrant.model.account import Connection
from evergrant.model.json import Json, JsonObject
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued, Rejected, read_answer
from evergrant.oauth.endpoint import Client

SECRET = "hush"
ROOT = Path(__file__).parents[2]
NOW = datetime(2027, 1, 1, tzinfo=UTC)
ACME: JsonObject = {
    "name": "Acme",
    "description": "A provider of these tests.",
    "docs": "https://docs.example/",
    "base_url": "https://api.example/v1",
    "oauth": {
        "authorization_endpoint": "https://login.example/authorize",
        "token_endpoint": "https://login.example/token",
        "token_endpoint_auth_method": "client_secret_post",
        "scopes": ["read", "write"],
    },
    "grant": {"source": "https://docs.example/", "verified_on": "2026-11-22"},
    "identity": {"subject": ["/sub"], "label": ["/email", "/name"]},
}


def connector(**changes: Json) -> Connector:
    """Acme with changes; mappings are laid over its own, and null takes away."""
    return Connector.model_validate({key: value for key, value in merge(ACME, changes).items() if value is not None})


def client(of: Connector, *, client_id: str = "cid", secret: str | None = SECRET) -> Client:
    """The registration at that connector."""
    kept = Secret(secret) if secret else None
    return Client(of, Connection("client_1", "tnt_a", "acme", client_id, kept, "http://localhost/cb", (), NOW), {})


class Script(httpx2.AsyncBaseTransport):
    """Answers or fails as told, in order, and keeps what was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int, body: Json = None, headers: Sequence[tuple[str, str]] = ()) -> httpx2.Response:
    return httpx2.Response(status, json=body, headers=list(headers))


def read(response: httpx2.Response, of: Connector | None = None) -> Issued | Rejected:
    """What the connector's token endpoint says with this answer."""
    return read_answer(of or connector(), response, response.content, NOW)


def issued(of: Connector | None = None, **body: Json) -> Issued:
    """A good answer with these members."""
    found = read(answer(200, {"access_token": "at", "refresh_token": "rt", **body}), of)
    assert isinstance(found, Issued)
    return found
