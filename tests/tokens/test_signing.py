import base64

import httpx2
import pytest
from tests.oauth.samples import connector

from evergrant.model.json import Json
from evergrant.model.secret import Secret
from evergrant.tokens.signing import signature

GUIDE: dict[str, Json] = {"title": "key", "help": "https://acme.example/keys"}
WHO: dict[str, Json] = {"request": "GET https://api.example/me", "subject": ["/id"], "label": ["/id"]}


def signed(email: str = "", **auth: Json) -> httpx2.Request:
    values = {"email": email} if email else {}
    declared: Json = {name: {"from": "user", "title": name, "pattern": ".*"} for name in values}
    of = connector(oauth=None, auth={**GUIDE, **auth}, account=declared, identity=WHO)
    request = httpx2.Request("GET", "https://api.example/v1/things?a=b")
    signature(of, values)(request, Secret("s3cr&t"))
    return request


def basic(request: httpx2.Request) -> str:
    kind, _, pair = request.headers["Authorization"].partition(" ")
    assert kind == "Basic"
    return base64.b64decode(pair).decode()


def test_a_service_with_oauth_is_shown_a_bearer_token() -> None:
    request = httpx2.Request("GET", "https://api.example/v1")
    signature(connector(), {})(request, Secret("tok"))
    assert request.headers["Authorization"] == "Bearer tok"


def test_a_key_stands_in_the_header_that_is_declared_after_its_prefix() -> None:
    assert signed(kind="api_key", header="X-Api-Key").headers["X-Api-Key"] == "s3cr&t"
    assert signed(kind="api_key", header="Authorization", prefix="Token ").headers["Authorization"] == "Token s3cr&t"


def test_a_key_in_the_query_is_escaped_and_the_rest_of_the_query_stays() -> None:
    request = signed(kind="api_key", query="key")
    assert str(request.url) == "https://api.example/v1/things?a=b&key=s3cr%26t"
    assert "Authorization" not in request.headers


def test_a_password_has_the_user_name_of_the_account() -> None:
    assert basic(signed("ada@acme.example", kind="basic", username="{account.email}/token")) == (
        "ada@acme.example/token:s3cr&t"
    )


def test_a_key_may_be_the_user_name_of_an_empty_password() -> None:
    assert basic(signed(kind="basic")) == "s3cr&t:"


def test_a_service_that_asks_for_nothing_is_shown_nothing() -> None:
    of = connector(oauth=None, auth={"kind": "none"})
    request = httpx2.Request("GET", "https://api.example/v1")
    signature(of, {})(request, Secret(""))
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("places", [{}, {"header": "X-Key", "query": "key"}])
def test_a_key_has_one_place(places: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header or in the query"):
        signed("", kind="api_key", header=places.get("header"), query=places.get("query"))
