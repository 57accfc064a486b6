import json
from pathlib import Path

import pytest
from tests.oauth.samples import ACME, ROOT, connector

from evergrant.catalog.catalog import Catalog, UnknownConnector, UnknownTool, data_folder, folders, merge
from evergrant.catalog.declaration import DeclarationError
from evergrant.model.json import Json, JsonObject

TOOL: JsonObject = {
    "description": "Look something up by its name.",
    "request": "GET /things",
    "effect": "read",
    "input": {"name": {"type": "string"}},
    "example": {"name": "x"},
}
AT_ID: JsonObject = {"path": "/id", "pattern": "^[a-z]+$"}


class Folder:
    """A folder of connectors; JSON is what our YAML is."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def connector(self, name: str, declaration: JsonObject) -> Path:
        return self._write(self.path / "connectors" / f"{name}.yaml", declaration)

    def tools(self, connector: str, **tools: JsonObject) -> Path:
        return self._write(self.path / "schemas" / f"{connector}.yaml", tools)

    def _write(self, file: Path, content: JsonObject) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
        return file


@pytest.fixture
def shipped(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "shipped")
    folder.connector("acme", ACME)
    folder.tools("acme", acme_find_thing=TOOL)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "own")


def test_a_connector_and_its_tools_are_found_by_name(shipped: Folder) -> None:
    catalog = Catalog([shipped.path])
    assert catalog.connector("acme").name == "Acme"
    assert list(catalog.tools("acme")) == ["acme_find_thing"]
    assert catalog.tool("acme_find_thing") == ("acme", catalog.tools("acme")["acme_find_thing"])


def test_an_unknown_connector_is_answered_with_those_there_are(shipped: Folder) -> None:
    for look_up in (Catalog([shipped.path]).connector, Catalog([shipped.path]).tools):
        with pytest.raises(UnknownConnector, match=r"no connector 'acne'\. Known: acme"):
            look_up("acne")


def test_of_connectors_whose_names_begin_alike_each_finds_its_own_tools(shipped: Folder) -> None:
    shipped.connector("acme_mail", ACME)
    shipped.tools("acme_mail", acme_mail_find_thing=TOOL)
    catalog = Catalog([shipped.path])
    assert [catalog.tool(name)[0] for name in ("acme_find_thing", "acme_mail_find_thing")] == ["acme", "acme_mail"]


@pytest.mark.parametrize("name", ["acme_find_thong", "acme", "other_find_thing", "", "acme_", "_" * 1_000_000])
def test_an_unknown_tool_is_answered_with_where_to_look(shipped: Folder, name: str) -> None:
    with pytest.raises(UnknownTool, match="search_tools"):
        Catalog([shipped.path]).tool(name)


def test_tool_files_are_read_on_first_use(shipped: Folder) -> None:
    catalog = Catalog([shipped.path])
    file = shipped.tools("acme", other_find_thing=TOOL)
    with pytest.raises(DeclarationError, match=r"acme\.yaml: other_find_thing: a tool's name begins with acme_"):
        catalog.tools("acme")
    file.unlink()
    with pytest.raises(DeclarationError, match="cannot be read"):
        catalog.tools("acme")


@pytest.mark.parametrize("name", ["acme_Find", "acme", "acme__find", "acme_" + "x" * 44])
def test_a_tools_name_is_short_snake_case(shipped: Folder, name: str) -> None:
    shipped.tools("acme", **{name: TOOL})
    with pytest.raises(DeclarationError):
        Catalog([shipped.path]).tools("acme")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"colour": "red"}, "colour: Extra inputs"),
        ({"oauth": {"token_endpont": "https://x.example"}}, "oauth.token_endpont: Extra inputs"),
        ({"oauth": {"token_endpoint": "http://login.example/token"}}, "oauth.token_endpoint: "),
        ({"grant": {"verified_on": "last week"}}, "must be a date"),
        ({"base_url": "https://{account.shard}.example"}, "not declared under account: shard"),
        ({"allow": ["https://{account.shard}.example/"]}, "not declared under account: shard"),
        (
            {"account": {"site": {"from": "request", "request": "GET https://{account.shard}.example/", **AT_ID}}},
            "not declared under account: shard",
        ),
        (
            {"base_url": "{account.host}", "account": {"host": {"from": "user", "title": "Host", "pattern": ".*"}}},
            "allow",
        ),
        ({"errors": {"api": {"rules": [{"class": "fatal"}]}}}, "errors.api.rules.0.class"),
    ],
)
def test_a_faulty_connector_is_refused_at_start(shipped: Folder, changes: dict[str, Json], fault: str) -> None:
    file = shipped.connector("acme", merge(ACME, changes))
    with pytest.raises(DeclarationError, match=fault) as caught:
        Catalog([shipped.path])
    assert str(caught.value).startswith(f"{file}:1: ")


SENT: JsonObject = {"from": "token", "path": "/host", "pattern": r"https://[a-z.]+\.acme\.com"}


def at_sent_host(value: JsonObject, **changes: Json) -> JsonObject:
    """A connector whose API host comes in the token answer."""
    whole: JsonObject = {"base_url": "{account.host}", "allow": ["https://*.acme.com/v1/"], "account": {"host": value}}
    return merge(ACME, {**whole, **changes})


def line_of_account(file: Path) -> int:
    return next(n for n, line in enumerate(file.read_text().splitlines(), 1) if '"account"' in line)


@pytest.mark.parametrize(
    ("declaration", "fault"),
    [
        (at_sent_host(SENT, allow=[]), "host is sent by the provider and is a host, so allow must write out"),
        (at_sent_host(SENT, allow=["{account.host}/v1/"]), "allow must write out where a credential may go"),
        (at_sent_host(SENT, allow=["https://a.acme.com/", "{account.host}/"]), "allow must write out"),
        (at_sent_host({**SENT, "pattern": ".*"}), "its pattern must write out how the host ends"),
        (at_sent_host({**SENT, "pattern": r"https://[a-z.]+"}), "its pattern must write out how the host ends"),
        (at_sent_host({**SENT, "pattern": r"https?://[0-9.]+"}), "its pattern must write out how the host ends"),
        (
            at_sent_host(SENT, oauth={"token_endpoint": "{account.host}/token"}),
            "cannot be an OAuth endpoint's: client secret and tokens would go there",
        ),
        (
            at_sent_host(
                SENT, base_url="https://api.acme.com", allow=[], identity={"request": "GET {account.host}/me"}
            ),
            "allow must write out where a credential may go",
        ),
        (
            at_sent_host(
                {"from": "request", "request": "GET https://a.acme.com/", "path": "/id", "pattern": "[a-z.]+"},
                base_url="https://{account.host}/",
            ),
            "its pattern must write out how the host ends",
        ),
    ],
)
def test_a_host_that_the_provider_sends_is_bound_by_pattern_and_list(
    shipped: Folder, declaration: JsonObject, fault: str
) -> None:
    file = shipped.connector("acme", declaration)
    file.write_text(json.dumps(declaration, indent=1))
    with pytest.raises(DeclarationError, match=fault) as caught:
        Catalog([shipped.path])
    assert str(caught.value).startswith(f"{file}:{line_of_account(file)}: account: ")


def test_a_host_that_the_provider_sends_and_that_is_bound_is_taken(shipped: Folder) -> None:
    shipped.connector("acme", at_sent_host(SENT))
    assert Catalog([shipped.path]).connector("acme").account.keys() == {"host"}
    shipped.connector("acme", merge(ACME, {"account": {"id": {**SENT, "pattern": ".*"}}}))
    free = Catalog([shipped.path]).connector("acme")
    assert free.account["id"].pattern == ".*", "a value that is no host needs no bounds"


@pytest.mark.parametrize(
    "entry", ["https://*.com/", "https://*/", "https://a*.acme.com/", "*.acme.com", "https://*.*.com/"]
)
def test_a_star_in_a_list_stands_for_subdomains_of_a_written_domain(shipped: Folder, entry: str) -> None:
    file = shipped.connector("acme", merge(ACME, {"allow": [entry]}))
    with pytest.raises(DeclarationError, match="a star stands for the subdomains of a domain") as caught:
        Catalog([shipped.path])
    assert str(caught.value).startswith(f"{file}:1: allow: ")


def test_a_users_own_connector_joins_the_shipped_ones(shipped: Folder, own: Folder) -> None:
    own.connector("zebra", {**ACME, "name": "Zebra"})
    assert list(Catalog([shipped.path, own.path]).connectors()) == ["acme", "zebra"]


def test_a_users_own_connector_replaces_the_shipped_one_with_its_tools(shipped: Folder, own: Folder) -> None:
    own.connector("acme", {**ACME, "name": "Mine"})
    own.tools("acme", acme_other_thing=TOOL)
    catalog = Catalog([shipped.path, own.path])
    assert catalog.connector("acme").name == "Mine"
    assert list(catalog.tools("acme")) == ["acme_other_thing"]


def test_a_connector_is_laid_over_the_one_it_extends(shipped: Folder) -> None:
    errors: JsonObject = {"api": {"code": ["/code"], "message": ["/text"]}}
    shipped.connector("base", {**ACME, "abstract": True, "errors": errors})
    child: JsonObject = {"name": "Child", "oauth": {"scopes": ["one"]}, "errors": {"api": {"code": ["/reason"]}}}
    shipped.connector("child", {"extends": "base", **child})
    catalog = Catalog([shipped.path])
    found = catalog.connector("child")
    assert found.name == "Child"
    assert found.oauth.scopes == ("one",), "a list is replaced"
    assert found.oauth.token_endpoint == "https://login.example/token", "what is not named is kept"
    assert (found.errors.api.code, found.errors.api.message) == (("/reason",), ("/text",))


def test_an_abstract_connector_cannot_be_connected_to(shipped: Folder) -> None:
    shipped.connector("base", {**ACME, "abstract": True})
    shipped.connector("child", {"extends": "base"})
    catalog = Catalog([shipped.path])
    assert list(catalog.connectors()) == ["acme", "child"]
    with pytest.raises(UnknownConnector):
        catalog.connector("base")


@pytest.mark.parametrize("parent", ["nothing", "acme", "loop", 7])
def test_a_connector_that_extends_nothing_real_is_refused(shipped: Folder, parent: Json) -> None:
    shipped.connector("acme", {"extends": parent})
    shipped.connector("loop", {"extends": "acme"})
    with pytest.raises(DeclarationError, match="extends: there is no such connector"):
        Catalog([shipped.path])


def test_the_data_lies_in_the_package_or_at_the_root_of_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "server" / "evergrant"
    package.mkdir(parents=True)
    assert data_folder(package) == tmp_path
    (package / "connectors").mkdir()
    assert folders(package, [tmp_path / "own"]) == [package, tmp_path / "own"]


def test_the_shipped_connectors_and_tools_can_all_be_read() -> None:
    catalog = Catalog([ROOT])
    assert all(catalog.tools(name) for name in catalog.connectors())


def test_scopes_that_a_kind_of_account_cannot_have_are_not_asked_for() -> None:
    acme = connector(oauth={"scopes_not_for": {"tenant": {"consumers": ["shared"]}}}).oauth
    assert acme.suiting(["read", "shared", "read"], {"tenant": "consumers"}) == ("read",)
    assert acme.suiting(["read", "shared"], {"tenant": "common"}) == ("read", "shared")
    assert acme.suiting(["shared"], {}) == ("shared",)
