import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oauth.samples import connector

from evergrant.catalog.origin import allowed, origin

API = origin("https://api.example/v1")
FORCE = origin("https://*.salesforce.com/services/")
WORDS = st.sampled_from(["https://", "http://", "api.example", "evil.example", "/v1", "[::1]", "%2e", "%2f", ":443"])
PIECES = WORDS | st.sampled_from(".@:\\/#?;x \t")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example/v1",
        "https://api.example/v1/",
        "https://api.example/v1/things?x=https://evil.example",
        "https://api.example:443/v1/things",
        "https://API.Example/v1/things",
        "HTTPS://api.example/v1/things",
        "https://api.example/v1/a%20b",
        "https://api.example/v1/...",
    ],
)
def test_an_address_inside_the_origin_is_admitted(url: str) -> None:
    assert API.admits(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/v1/things",
        "https://api.example:444/v1/things",
        "https://api.example/v2/things",
        "https://api.example/v1x",
        "https://api.example/V1/things",
        "https://api.example/",
        "https://api.example",
        "https://api.example.evil.example/v1/",
        "https://evilapi.example/v1/",
        "https://sub.api.example/v1/",
        "https://api.example./v1/",
        "https://api.example@evil.example/v1/",
        "https://user@api.example/v1/",
        "https://user:word@api.example/v1/",
        "https://evil.example/v1/#api.example",
        "https://evil.example\\@api.example/v1/",
        "https://api.example\\@evil.example/v1/",
        "https://api.example/v1/../admin",
        "https://api.example/v1/./../admin",
        "https://api.example/v1/%2e%2e/admin",
        "https://api.example/v1/%2E./admin",
        "https://api.example/v1/..%2fadmin",
        "https://api.example/v1/..%5cadmin",
        "https://api.example/v1/..\\admin",
        "https://api.example/v1/..",
        "https://api.example/v1/.\t./admin",
        "https://api.example/v1/..;/admin",
        "https://api.example/v1/..;x=1/admin",
        "https://\u0430pi.example/v1/",
        "https://api\u3002evil\u3002example/v1/",
        "https://[::1]/v1/",
        "https://[api.example]/v1/",
        "https://api.example:x/v1/",
        "https://api.example:99999/v1/",
        "https://api.example:0/v1/",
        "https:///v1/",
        "//api.example/v1/",
        "/v1/",
        "",
        "file:///v1/",
        "javascript:alert(1)//api.example/v1/",
    ],
)
def test_an_address_outside_the_origin_is_not_admitted(url: str) -> None:
    assert not API.admits(url)


@pytest.mark.parametrize(
    ("host", "admitted"),
    [
        ("acme.my.salesforce.com", True),
        ("x.salesforce.com", True),
        ("X.SALESFORCE.COM", True),
        ("salesforce.com", False),
        ("evil-salesforce.com", False),
        ("x.salesforce.com.evil.example", False),
        ("x.salesforce.com:8443", False),
        ("x.salesforce.comx", False),
        ("evil.example/x.salesforce.com", False),
        ("evil.example?x.salesforce.com", False),
        ("evil.example#x.salesforce.com", False),
        ("evil.example\\.salesforce.com", False),
    ],
)
def test_a_star_stands_for_subdomains_and_nothing_else(host: str, admitted: bool) -> None:
    assert FORCE.admits(f"https://{host}/services/data") is admitted


@given(pieces=st.lists(PIECES, max_size=8))
def test_what_is_admitted_goes_to_that_host_also_as_the_http_client_reads_it(pieces: list[str]) -> None:
    for text in ("https://api.example/v1" + "".join(pieces), "".join(pieces)):
        try:
            url = httpx2.URL(text)
        except httpx2.InvalidURL:
            continue
        if API.admits(str(url)):
            assert (url.scheme, url.host, url.port or 443) == ("https", "api.example", 443)
            assert url.path.startswith("/v1")


@given(host=st.text(min_size=1))
def test_no_other_host_is_admitted(host: str) -> None:
    if not host.lower().startswith("api.example"):
        assert not API.admits(f"https://{host}/v1/")


@pytest.mark.parametrize(
    "text",
    ["http://api.example/", "ftp://api.example/", "api.example", "https://", "", "https:///x", "http://10.0.0.1/"],
)
def test_an_entry_is_an_https_origin(text: str) -> None:
    with pytest.raises(ValueError, match="not an https origin"):
        origin(text)


@pytest.mark.parametrize(
    ("entry", "inside", "outside"),
    [
        ("http://127.0.0.1:8485/crm", "http://127.0.0.1:8485/crm/me", "http://127.0.0.1:8486/crm/me"),
        ("http://localhost:8485", "http://localhost:8485/", "http://127.0.0.1:8485/"),
        ("http://[::1]:8485", "http://[::1]:8485/x", "http://[::2]:8485/x"),
    ],
)
def test_plain_http_is_for_loopback(entry: str, inside: str, outside: str) -> None:
    assert origin(entry).admits(inside)
    assert not origin(entry).admits(outside)


def test_without_a_list_a_connectors_calls_go_below_its_base_url() -> None:
    assert allowed(connector(), {}) == (origin("https://api.example/v1"),)


def test_a_list_stands_in_place_of_the_base_url_and_the_identity_request_is_added() -> None:
    acme = connector(allow=["https://*.api.example/v2/"], identity={"request": "GET https://id.example/me"})
    assert allowed(acme, {}) == (origin("https://*.api.example/v2/"), origin("https://id.example/me"))


def test_an_entry_may_come_from_the_account() -> None:
    host = {"from": "user", "title": "Host", "pattern": "^https://[a-z.]+$"}
    acme = connector(base_url="{account.host}", allow=["{account.host}/v1"], account={"host": host})
    assert allowed(acme, {"host": "https://eu.example"}) == (origin("https://eu.example/v1"),)
