"""The files that are written: sound at once, with examples that hold, and never over others."""

from pathlib import Path

import pytest
from tests.making.documents import DISCOVERY, OPENAPI, SWAGGER, TODAY, files
from tests.making.playing import play
from tests.oauth.samples import ROOT

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.reading import read
from evergrant.making.checking import check_name, found_wrong, where
from evergrant.making.document import BadDocument
from evergrant.making.files import Exists
from evergrant.making.kinds import AuthKind
from evergrant.making.scaffold import Plan, scaffold
from evergrant.model.json import JsonObject

AUTHS: tuple[AuthKind, ...] = ("oauth2", "api_key", "basic", "none")


def plan(auth: AuthKind, title: str = "Acme", query: str | None = None) -> Plan:
    return Plan("acme", title, "https://api.acme.example/v1", auth, TODAY, query=query)


@pytest.mark.parametrize("title", ["Acme", "A", 'Acme: "the best" #1', "{x}, [y]", "Ätna & Söhne"])
@pytest.mark.parametrize("auth", AUTHS)
def test_a_connector_that_begins_empty_is_sound(auth: AuthKind, title: str, tmp_path: Path) -> None:
    made = scaffold(plan(auth, title))
    assert found_wrong(made, ROOT) == []
    made.write(tmp_path)
    assert Catalog([ROOT, tmp_path]).connector("acme").name == title
    assert play(tmp_path, "acme") == 3


def test_a_key_stands_where_it_was_said_to(tmp_path: Path) -> None:
    scaffold(plan("api_key", query="key")).write(tmp_path)
    assert read(tmp_path / "connectors" / "acme.yaml")["auth"] == {
        "kind": "api_key",
        "query": "key",
        "title": "API key",
        "help": "https://api.acme.example/",
        "pattern": r"\S+",
    }


@pytest.mark.parametrize("root", [OPENAPI, SWAGGER, DISCOVERY])
def test_what_an_import_writes_is_sound(root: JsonObject, tmp_path: Path) -> None:
    made = files(root)
    assert found_wrong(made, ROOT) == []
    made.write(tmp_path)
    assert play(tmp_path, "acme") > 0
    lines = [line for text in made.texts.values() for line in text.splitlines()]
    assert max(map(len, lines)) <= 120


def test_a_file_that_is_there_is_left_alone_and_nothing_is_written(tmp_path: Path) -> None:
    mine = tmp_path / "tests" / "connectors" / "acme.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(Exists, match=r"acme\.yaml is there already, and nothing was written"):
        scaffold(plan("none")).write(tmp_path)
    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["acme.yaml"]


@pytest.mark.parametrize("name", ["Acme", "1st", "a__b", "_a", "a" * 25, "", "../x", "github", "google"])
def test_a_name_that_no_connector_of_ones_own_can_have(name: str) -> None:
    with pytest.raises(BadDocument, match="Choose another"):
        check_name(name, ROOT)


def test_the_folder_is_the_one_named_else_the_only_one_set_else_this_one(tmp_path: Path) -> None:
    assert where(tmp_path, [Path("x")]) == tmp_path
    assert where(None, [tmp_path]) == tmp_path
    assert where(None, [tmp_path, Path("x")]) == Path()
