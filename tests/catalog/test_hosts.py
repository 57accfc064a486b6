"""Which hosts need no look when they are dialled: those that the declaration itself names."""

import httpx2
import pytest
from tests.oauth.samples import ROOT, connector

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.catalog.hosts import is_loopback_only, marked
from evergrant.dial.network import DECLARED_HOST
from evergrant.model.json import JsonObject


def is_marked(of: Connector, url: str) -> bool:
    return bool(marked(of, httpx2.Request("GET", url)).extensions.get(DECLARED_HOST))


def valued(pattern: str, **changes: str) -> Connector:
    value: JsonObject = {"from": "user", "title": "Host", "pattern": pattern}
    return connector(base_url="{account.host}", allow=["{account.host}/"], account={"host": value}, **changes)


@pytest.mark.parametrize("url", ["https://api.example/v1/x", "https://API.example:443/", "https://login.example/token"])
def test_a_host_that_the_declaration_writes_out_is_named(url: str) -> None:
    assert is_marked(connector(), url)


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/",
        "http://api.example/",
        "https://api.example:8443/",
        "https://x.api.example/",
        "http://127.0.0.1/",
    ],
)
def test_any_other_is_not(url: str) -> None:
    assert not is_marked(connector(), url)


def test_a_host_that_a_value_names_is_not_named_by_the_declaration() -> None:
    lax = valued("https?://.+")
    for host in ("https://eu.example", "http://127.0.0.1:8485", "http://localhost:8485", "https://127.0.0.1"):
        assert not is_marked(lax, f"{host}/x")


def test_a_part_of_a_host_from_a_value_leaves_the_host_unnamed() -> None:
    value: JsonObject = {"from": "user", "title": "Shop", "pattern": "[a-z]+"}
    shop = connector(base_url="https://{account.shop}.acme.example", account={"shop": value})
    assert not is_marked(shop, "https://books.acme.example/x")


def test_a_pattern_that_is_confined_to_loopback_names_loopback() -> None:
    sandbox = Catalog([ROOT]).connector("sandbox")
    for url in ("http://127.0.0.1:8485/crm/me", "http://localhost:1/token", "http://[::1]:9/x"):
        assert is_marked(sandbox, url)
    for url in ("https://127.0.0.1:8485/", "http://127.0.0.2:8485/", "http://10.0.0.1:8485/", "http://0x7f.1:8485/"):
        assert not is_marked(sandbox, url)


def test_a_literal_loopback_origin_is_named_with_its_port() -> None:
    local = connector(base_url="http://127.0.0.1:8123/api")
    assert is_marked(local, "http://127.0.0.1:8123/api/x")
    assert not is_marked(local, "http://127.0.0.1:8124/api/x")


@pytest.mark.parametrize(
    ("pattern", "confined"),
    [
        (r"^http://(127\.0\.0\.1|localhost|\[::1\]):[1-9][0-9]{0,4}$", True),
        (r"http://127\.0\.0\.1:\d+", True),
        (r"http://localhost:8485", True),
        (r".*", False),
        (r"http://[0-9.]+:\d+", False),
        (r"https?://[^/]+", False),
        (r"https://[a-z.]+", False),
        (r"https://[a-z]+\.acme\.com", False),
    ],
)
def test_confined_means_this_machine_and_no_other(pattern: str, confined: bool) -> None:
    assert is_loopback_only(pattern) is confined


def test_of_the_shipped_connectors_only_the_sandbox_may_reach_this_machine() -> None:
    connectors = Catalog([ROOT]).connectors()
    reaching = {name for name, found in connectors.items() if is_marked(found, "http://127.0.0.1:8485/x")}
    assert reaching == {"sandbox"}
