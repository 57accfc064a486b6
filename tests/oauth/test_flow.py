from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.oauth.samples import client, connector

from evergrant.model.json import JsonObject
from evergrant.model.secret import Secret
from evergrant.oauth.flow import NotARedirect, authorization_url, code_challenge, fresh_secret, parse_redirect

# RFC 7636, appendix B.
VERIFIER = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def query(hint: str | None = None, **oauth: JsonObject | bool | str) -> dict[str, str]:
    acme = client(connector(oauth=oauth))
    url = authorization_url(acme, ("read", "write"), Secret("st&te"), VERIFIER, hint)
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def test_the_challenge_is_that_of_rfc_7636() -> None:
    assert code_challenge(VERIFIER) == CHALLENGE


def test_a_verifier_has_the_length_and_the_alphabet_of_rfc_7636() -> None:
    verifier = fresh_secret().reveal()
    assert 43 <= len(verifier) <= 128
    assert verifier.replace("-", "").replace("_", "").isalnum()
    assert len({fresh_secret().reveal() for _ in range(100)}) == 100


def test_the_authorization_request_has_what_rfc_6749_and_7636_ask_for() -> None:
    assert query() == {
        "response_type": "code",
        "client_id": "cid",
        "redirect_uri": "http://localhost/cb",
        "scope": "read write",
        "state": "st&te",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def test_a_connector_says_what_differs() -> None:
    asked = query("ada@acme.example", pkce=False, scope_separator=",", authorization_params={"prompt": "consent"})
    assert "code_challenge" not in asked
    assert (asked["scope"], asked["prompt"], asked["login_hint"]) == ("read,write", "consent", "ada@acme.example")


def test_an_endpoint_with_a_query_keeps_it() -> None:
    assert query(authorization_endpoint="https://login.example/authorize?tenant=a")["tenant"] == "a"


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8484/callback?code=c%2F1&state=s-1",
        "  http://localhost:8484/callback?code=c%2F1&state=s-1\n",
        "http://localhost:8484/callback?code=c%2F1&state=s-1#_=_",
        "code=c%2F1&state=s-1",
        "?state=s-1&code=c%2F1",
    ],
)
def test_a_redirect_is_read_from_an_address_or_its_query(address: str) -> None:
    found = parse_redirect(address)
    assert found.code is not None
    assert (found.code.reveal(), found.state.reveal(), found.error, found.iss) == ("c/1", "s-1", None, None)


def test_a_refusal_and_an_issuer_are_read_too() -> None:
    found = parse_redirect(
        "http://x/cb?error=access_denied&error_description=No.&state=s&iss=https%3A%2F%2Flogin.example"
    )
    assert (found.code, found.error, found.error_description) == (None, "access_denied", "No.")
    assert found.iss == "https://login.example"


def test_a_redirect_shows_nothing_in_its_repr() -> None:
    shown = repr(parse_redirect("code=c-7f3a9c&state=s-7f3a9c&error_description=d-7f3a9c"))
    assert "7f3a9c" not in shown


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://login.example/authorize",
        "http://localhost/callback?code=x",
        "http://localhost/callback?state=x",
        "http://localhost/callback?code=&state=s",
        "http://localhost/callback?code=x&state=",
        "http://localhost/callback?code=x&state=a&state=b",
        "http://localhost/callback?code=x&code=y&state=s",
        "http://localhost/callback#code=x&state=s",
        "what do I paste here?",
        "https://[::1",
    ],
)
def test_anything_else_is_answered_with_what_to_copy(address: str) -> None:
    with pytest.raises(NotARedirect, match="Copy the whole address"):
        parse_redirect(address)
