"""What is said about an OAuth client, and what is pasted of one."""

import pytest
from tests.oauth.samples import connector

from evergrant.catalog.registration import Pasted
from evergrant.model.json import Json
from evergrant.service.guide import guide, how_to_register, is_about_redirect, takes
from evergrant.service.pasting import Credentials, cleaned

URI = "http://localhost:8484/callback/acme"
PASTED = Credentials(
    Pasted(title="Key", pattern="[0-9]{6}", looks_like="six digits"),
    Pasted(title="Token", pattern="[a-z]{8}", looks_like="eight letters"),
)
SAME = Credentials(PASTED.client_id, Pasted(title="Token", pattern="[0-9]{6}", looks_like="six digits"))


@pytest.mark.parametrize(
    "text",
    [
        "123456",
        " 123456\r\n",
        '"123456"',
        "'123456',",
        "\u201c123456\u201d",
        "<123456>",
        "`123456`",
        "\ufeff123456\u200b",
    ],
)
def test_what_copying_adds_is_taken_off(text: str) -> None:
    assert cleaned(text) == "123456"


@pytest.mark.parametrize("text", ["", '"', "''", " \t", "a'b", '"ab', "O'Neill"])
def test_and_nothing_else(text: str) -> None:
    assert cleaned(text) == text.strip().replace("''", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [("123456", None), ("abcdefgh", "looks like the Token, not the Key. Swapped?"), ("12345", "like this: six digits")],
)
def test_an_id_is_told_from_a_secret_and_from_half_of_one(text: str, words: str | None) -> None:
    fault = PASTED.fault_of_id(text)
    assert (fault is None) == (words is None)
    assert (words or "") in (fault or "")
    assert text not in (fault or "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abcdefgh", None),
        ("123456", "That is the Key once more"),
        ("654321", "looks like the Key, not the Token. Swapped?"),
        ("abc", "like this: eight letters"),
    ],
)
def test_a_secret_is_told_from_an_id_and_from_half_of_one(text: str, words: str | None) -> None:
    fault = PASTED.fault_of_secret(text, "123456")
    assert (fault is None) == (words is None)
    assert (words or "") in (fault or "")


def test_where_both_look_the_same_only_the_same_text_twice_is_noticed() -> None:
    assert SAME.fault_of_id("654321") is None
    assert SAME.fault_of_secret("654321", "123456") is None
    assert SAME.fault_of_secret("123456", "123456")


def test_a_service_without_a_guide_of_its_own_has_one_that_fits_all() -> None:
    found = guide(connector(), URI, ())
    assert URI in found.steps[0][0]
    assert found.client_secret
    assert guide(connector(oauth={"token_endpoint_auth_method": "none"}), URI, ()).client_secret is None


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, "oauth_client"),
        ({"oauth": {"grant_type": "jwt_bearer"}, "grant": {"rotation": "never"}}, "service_account_key"),
        ({"oauth": None, "auth": {"kind": "none"}}, "nothing"),
        (
            {
                "oauth": None,
                "auth": {"kind": "api_key", "header": "X", "title": "key", "help": "https://docs.example/"},
                "identity": {"request": "GET https://api.example/v1/me"},
            },
            "key",
        ),
    ],
)
def test_services_take_different_things(changes: dict[str, Json], what: str) -> None:
    assert takes(connector(**changes)) == what


def test_a_refusal_of_the_redirect_uri_has_many_names() -> None:
    assert is_about_redirect("BAD_REDIRECT_URI", None)
    assert is_about_redirect("invalid_request", "The redirect_uri MUST match the registered callback")
    assert not is_about_redirect("invalid_client", None)
    assert not is_about_redirect(None, None)


def test_a_page_is_named_where_one_is_known() -> None:
    assert how_to_register(connector(), URI).splitlines() == [
        f"Register exactly this redirect URI at Acme, to the letter: {URI}"
    ]
    step: Json = {"do": "Give {redirect_uri}", "link": "https://acme.example/apps"}
    pasted: Json = {"title": "Key", "pattern": ".+", "looks_like": "abc"}
    guided = connector(registration={"minutes": 1, "steps": [step], "client_id": pasted})
    assert how_to_register(guided, URI).splitlines()[1:] == ["There: https://acme.example/apps"]
