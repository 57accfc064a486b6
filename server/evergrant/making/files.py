"""The files of a connector that was made, as text and in their folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evergrant.making.cases import example_lines
from evergrant.making.document import Document
from evergrant.making.importing import Imported
from evergrant.making.yaml_text import Writer
from evergrant.model.json import Json


class Exists(Exception):
    """A file is there already, and is not overwritten; the message says which."""


@dataclass(frozen=True, slots=True)
class Files:
    """What is to be written, by the path within the folder."""

    name: str
    texts: Mapping[Path, str]

    def write(self, folder: Path) -> list[Path]:
        """Write them all, or none; raises Exists, OSError."""
        places = {folder / path: text for path, text in self.texts.items()}
        if there := [path for path in places if path.exists()]:
            raise Exists(f"{there[0]} is there already, and nothing was written. Choose another --name or --into.")
        for path, text in places.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        return list(places)


def paths(name: str) -> tuple[Path, Path, Path]:
    """Connector, tools and examples."""
    folders = ("connectors", "schemas", "tests/connectors")
    connector, tools, examples = (Path(folder) / f"{name}.yaml" for folder in folders)
    return connector, tools, examples


def files_of(name: str, document: Document, source: str, found: Imported) -> Files:
    """The files of an import."""
    connector, tools, examples = paths(name)
    head = [
        f"# Made by `evergrant connectors import` from {source} ({document.kind}). It is yours now: correct what it",
        "# says, above all the descriptions and the sign-in.",
    ]
    lines = [*head, *Writer(found.connector.comments).mapping(found.connector.keys)]
    return Files(
        name,
        {
            connector: _text(lines),
            tools: _text(_tools([(each.name, each.keys, each.notes) for each in found.tools])),
            examples: _text(example_lines(found)),
        },
    )


def _tools(tools: Sequence[tuple[str, Mapping[str, Json], Sequence[str]]]) -> Iterator[str]:
    for number, (name, keys, notes) in enumerate(tools):
        if number:
            yield ""
        yield from (f"# {_one_line(note)}." for note in notes)
        yield from Writer().mapping({name: keys})


def _one_line(text: str) -> str:
    return "".join(each for each in text if each.isprintable())[:200]


def _text(lines: Sequence[str] | Iterator[str]) -> str:
    return "\n".join(lines) + "\n"
