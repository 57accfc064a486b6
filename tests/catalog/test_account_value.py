import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.catalog.account_value import BadAccountValue, check, deciding, expand

WHOLE, HOST, PART, PATH = (
    "{account.x}/v1",
    "https://{account.x}/v1",
    "https://{account.x}.acme.com/v1",
    "https://a.com/{account.x}/v1",
)
HOSTILE = [
    "",
    " ",
    "a b",
    "a\n",
    "a\r\nHost: x",
    "a\x00",
    "a@b.test",
    "a#",
    "a?",
    "a\\b",
    "a;b",
    "a%2eb",
    "\u0430",
    "a\u3002b",
    "..",
    ".",
]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (WHOLE, "https://eu.acme.com"),
        (WHOLE, "https://eu.acme.com:8443/base/path"),
        (WHOLE, "http://[::1]:8485"),
        (HOST, "eu.acme.com"),
        (HOST, "eu.acme.com:8443"),
        (HOST, "[2606:4700::1]"),
        (PART, "shop-1"),
        (PART, "eu.shop"),
        (PATH, "11223344-a1b2"),
        (PATH, "urn:id:7"),
        (PATH, "a.b_c~d"),
    ],
)
def test_a_value_that_has_the_shape_of_its_place_is_filled_in(url: str, text: str) -> None:
    assert expand(url, {"x": text}) == url.replace("{account.x}", text)
    check(url, "x", text)


@pytest.mark.parametrize(
    ("url", "texts"),
    [
        (
            WHOLE,
            [
                *HOSTILE,
                "ftp://a.com",
                "//a.com",
                "a.com",
                "https://a.com@b.test",
                "https://a.com/../x",
                "https://a.com/x/..",
                "https://a.com/./x",
                "https://a.com?x",
                "https://a.com#",
                "https://a.com\\@b.test",
                "https://.a.com",
                "https://a..com",
                "https://a.com:",
                "https://a.com:123456",
                "https://u:p@a.com",
                "https://",
            ],
        ),
        (HOST, [*HOSTILE, "a.com/", "a.com/x", "a.com:x", ".a.com", "a..com", "u:p@a.com", "a.com:80:80"]),
        (PART, [*HOSTILE, "evil.test/", "evil.test:80", "evil.test/?", "a.", ".a", "a..b", "a:b", "a/b"]),
        (PATH, [*HOSTILE, "a/b", "../x", "..", "."]),
    ],
)
def test_a_value_that_could_change_the_address_around_it_is_refused(url: str, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(BadAccountValue, match="x cannot be part of an address"):
            expand(url, {"x": text})
        with pytest.raises(BadAccountValue):
            check(url, "x", text)


@given(text=st.text(max_size=20) | st.from_regex(r"[a-z./:@\\#?%;]{1,12}", fullmatch=True))
def test_whatever_the_value_the_written_end_of_a_host_stays_its_end(text: str) -> None:
    try:
        url = expand(PART, {"x": text})
    except BadAccountValue:
        return
    host = url.removeprefix("https://").removesuffix("/v1")
    assert host.endswith(".acme.com")
    assert set(host) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")


def test_a_very_long_value_is_refused_before_it_is_read() -> None:
    with pytest.raises(BadAccountValue):
        expand(PART, {"x": "a." * 5_000_000 + "a"})


def test_a_value_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="x"):
        expand(HOST, {})


@pytest.mark.parametrize(
    ("url", "names"),
    [
        (WHOLE, ("x",)),
        (HOST, ("x",)),
        (PART, ("x",)),
        (PATH, ()),
        ("https://{account.a}.{account.b}:{account.c}/{account.d}?{account.e}", ("a", "b", "c")),
        ("https://a.com?{account.x}", ()),
        ("https://a.com#{account.x}", ()),
        ("https://a.com", ()),
    ],
)
def test_a_value_in_the_host_or_port_decides_where_a_request_goes(url: str, names: tuple[str, ...]) -> None:
    assert deciding(url) == names
