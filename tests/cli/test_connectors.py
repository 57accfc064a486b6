"""`evergrant connectors` through the installed command: from nothing, and from a description, to a call."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from docs.examples.library.service import KEY, Library, running
from tests.fakes.command import Command, free_port

from evergrant.model.json import Json, at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "own"


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home", free_port())


@pytest.fixture
def library() -> Generator[Library]:
    with running() as made:
        yield made


def said(command: Command, *arguments: str, given: str = "") -> Json:
    done = command.run(*arguments, "--json", given=given)
    assert done.returncode == 0, done.stderr + done.stdout
    found: Json = json.loads(done.stdout)
    return found


def test_a_new_connector_is_sound_at_once_and_is_not_overwritten(command: Command, folder: Path) -> None:
    new = ("connectors", "new", "acme", "--auth", "api_key", "--query", "key", "--into", str(folder))
    made = said(command, *new, "--title", "Acme: the best")
    assert at(made, "/files/1") == str(folder / "schemas" / "acme.yaml")
    assert command.run("tools", "lint", str(folder)).stdout == "1 connectors, no fault.\n"

    file = folder / "schemas" / "acme.yaml"
    file.write_text("mine", encoding="utf-8")
    again = command.run(*new)
    assert again.returncode == 1
    assert "is there already, and nothing was written" in again.stderr
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "given", "words"),
    [
        (("new", "github"), "", "github comes with Evergrant"),
        (("import", "gone.json"), "", "gone.json cannot be read: No such file"),
        (("import", "-"), "a: [", "It is neither JSON nor YAML: line"),
    ],
)
def test_what_goes_wrong_is_said_with_what_to_do(
    command: Command, arguments: tuple[str, ...], given: str, words: str
) -> None:
    told = command.run("connectors", *arguments, given=given)
    assert told.returncode == 2
    assert words in told.stderr


def test_from_its_description_to_calls_of_a_service(command: Command, library: Library, folder: Path) -> None:
    file = folder.parent / "openapi.json"
    file.write_text(json.dumps(library.description()), encoding="utf-8")

    listed = command.run("connectors", "import", str(file), "--list")
    assert "library_list_books" in listed.stdout
    assert not folder.exists()

    chosen = ("--operations", "*Book*", "--into", str(folder))
    made = said(command, "connectors", "import", str(file), "--name", "library", *chosen)
    assert at(made, "/left_out") == []
    assert [at(each, "/name") for each in _list(at(made, "/tools"))] == [
        "library_list_books",
        "library_create_book",
        "library_get_book",
        "library_delete_book",
    ]
    assert library.asked == []

    own = Command(command.home, command.port, {"EVERGRANT_CONNECTOR_PATH": str(folder)})
    refused = own.run("connect", "library", "--alias", "work", "--secret-stdin", given="wrong-key")
    assert refused.returncode != 0
    account = said(own, "connect", "library", "--alias", "work", "--secret-stdin", given=KEY)
    assert at(account, "/identity") == "Ada"

    def call(tool: str, **given: Json) -> Json:
        return at(said(own, "call", f"library_{tool}", "--account", "work", "--yes", "-d", json.dumps(given)), "/data")

    found = call("list_books", limit=5, title="Book")
    assert [at(each, "/id") for each in _list(at(found, "/items"))] == ["1", "2", "3", "4", "5"]
    assert call("create_book", title="Emma", notes="By Austen") == {"id": "8", "title": "Emma", "notes": "By Austen"}
    assert at(call("get_book", book_id="8"), "/title") == "Emma"
    call("delete_book", book_id="8")
    assert "8" not in library.books
    gone = own.run("call", "library_get_book", "--account", "work", "-d", '{"book_id": "8"}')
    assert "There is no such book." in gone.stdout


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value
