import pytest
from pydantic import ValidationError

from evergrant.catalog.registration import Redirect
from evergrant.cli.running import explained
from evergrant.dial.guard import permitted
from evergrant.entry.mcp.parts import HOLD_S
from evergrant.settings import LOCAL_TENANT, Settings


@pytest.mark.parametrize("text", ["corp.example, 10.0.0.0/8", "corp.example 10.0.0.0/8", " corp.example,10.0.0.0/8,"])
def test_hosts_and_networks_of_ones_own_are_a_list(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGRANT_ALLOW_PRIVATE_HOSTS", text)
    assert Settings().allow_private_hosts == permitted(["corp.example", "10.0.0.0/8"])


def test_a_wrong_entry_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGRANT_ALLOW_PRIVATE_HOSTS", "https://corp.example")
    with pytest.raises(ValidationError, match="does not appear to be an IPv4 or IPv6 network"):
        Settings()


@pytest.mark.parametrize(
    "given",
    [
        {"EVERGRANT_LINK_PROOF": "backend"},
        {"EVERGRANT_LINK_PROOF": "backend", "EVERGRANT_RETURN_URL": "http://app.example/connected"},
        {"EVERGRANT_RETURN_URL": "javascript:alert(1)"},
        {"EVERGRANT_LINK_PROOF": "nothing"},
    ],
)
def test_a_back_end_that_proves_has_a_page_to_return_to(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=r"return_url|link_proof") as wrong:
        Settings()
    assert "EVERGRANT_" in explained(wrong.value)


@pytest.mark.parametrize(
    ("public_url", "redirect", "uri"),
    [
        (None, Redirect(), "http://localhost:8484/callback/acme"),
        (None, Redirect(loopback="any_port", host="127.0.0.1"), "http://127.0.0.1:8484/callback/acme"),
        (None, Redirect(loopback="refused"), "https://localhost:8484/callback/acme"),
        ("http://localhost:9000", Redirect(host="127.0.0.1"), "http://127.0.0.1:9000/callback/acme"),
        ("https://box.example/", Redirect(loopback="refused"), "https://box.example/callback/acme"),
        ("https://box.example", Redirect(loopback="any_port", host="127.0.0.1"), "https://box.example/callback/acme"),
    ],
)
def test_a_redirect_uri_is_spelled_as_the_provider_takes_it(
    public_url: str | None, redirect: Redirect, uri: str
) -> None:
    assert Settings(public_url=public_url).redirect_uri(LOCAL_TENANT, "acme", redirect) == uri


def test_a_hold_is_in_seconds_and_within_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().hold_s == HOLD_S
    monkeypatch.setenv("EVERGRANT_HOLD_S", "2.5")
    assert Settings().hold_s == 2.5
    monkeypatch.setenv("EVERGRANT_HOLD_S", "301")
    with pytest.raises(ValidationError, match=r"(?i)hold_s"):
        Settings()
