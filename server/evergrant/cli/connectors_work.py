"""What `evergrant connectors` does: writes files that lint clean, and says what to do next."""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import evergrant
from evergrant.catalog.catalog import data_folder
from evergrant.cli.connectors_render import imported_json, imported_text, trial_json, trial_text
from evergrant.cli.output import Exit, Output
from evergrant.cli.running import settings
from evergrant.making.checking import check_name, found_wrong, google, where
from evergrant.making.connectors import title_of
from evergrant.making.document import BadDocument, Document
from evergrant.making.files import Exists, Files, files_of
from evergrant.making.importing import Choice, Imported, import_document
from evergrant.making.kinds import AuthKind
from evergrant.making.reading import read_document
from evergrant.making.scaffold import Plan, scaffold
from evergrant.making.servers import secure
from evergrant.making.words import snake
from evergrant.model.clock import SystemClock

T = TypeVar("T")
SHIPPED = data_folder(Path(evergrant.__file__).parent)
LONGEST_NAME = 24
SIGN_IN = "https://login.example.com/oauth"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new connector is to be; None is the usual."""

    name: str
    base_url: str
    auth: AuthKind
    title: str | None
    authorize_url: str | None
    token_url: str | None
    scope: Sequence[str] | None
    header: str | None
    query: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """What a connector is to be made from; None is the usual."""

    file: str
    name: str | None
    operations: Sequence[str] | None
    base_url: str | None
    security: str | None


def write_new(out: Output, wish: Wish, into: Path | None) -> None:
    """Write the files of a connector that is to be filled in."""

    def make() -> Files:
        check_name(wish.name, SHIPPED)
        plan = Plan(
            name=wish.name,
            title=wish.title or wish.name.replace("_", " ").title(),
            base_url=_address(wish.base_url, "--base-url"),
            auth=wish.auth,
            today=SystemClock().now().date(),
            authorize_url=_address(
                wish.authorize_url or "https://login.example.com/oauth/authorize", "--authorize-url"
            ),
            token_url=_address(wish.token_url or "https://login.example.com/oauth/token", "--token-url"),
            scopes=tuple(wish.scope or ("things.read", "things.write")),
            header=wish.header or "Authorization",
            prefix="" if wish.header and wish.header.lower() != "authorization" else "Bearer ",
            query=wish.query,
        )
        return _checked(scaffold(plan))

    files = _ending(out, make)
    folder = _folder(out, into)
    written = _written(out, files, folder)
    steps = _next(folder, f"{wish.name}_get_thing", wish.name, "  edit the files: each comment says what goes there\n")
    said = {"connector": wish.name, "folder": str(folder), "files": [str(path) for path in written]}
    out.show(said, f"Wrote\n{_lines(written)}\nNext:\n{steps}")


def make_from(out: Output, given: Source, into: Path | None, *, only_show: bool) -> None:
    """Write a connector made from a description, or show what would become of it."""

    def make() -> tuple[Document, str, Imported]:
        document = read_document(_raw(given.file))
        chosen = given.name or _default_name(document)
        if not only_show:
            check_name(chosen, SHIPPED)
        choice = Choice(chosen, tuple(given.operations or ()), given.base_url, given.security, is_trial=only_show)
        return document, chosen, import_document(document, choice, google(SHIPPED), SystemClock().now().date())

    document, chosen, found = _ending(out, make)
    if only_show:
        out.show(trial_json(chosen, found), trial_text(chosen, found))
        return
    source = Path(given.file).name if given.file != "-" else "standard input"
    files = _ending(out, lambda: _checked(files_of(chosen, document, source, found)))
    folder = _folder(out, into)
    written = _written(out, files, folder)
    reading = next((each.name for each in found.tools if each.tool.effect == "read"), None)
    steps = _next(folder, reading or found.tools[0].name, chosen, is_harmless=reading is not None)
    said = {
        "connector": chosen,
        "folder": str(folder),
        "files": [str(path) for path in written],
        **imported_json(found),
    }
    out.show(said, f"Wrote {len(found.tools)} tools\n{_lines(written)}\n{imported_text(found)}Next:\n{steps}")


def _ending(out: Output, work: Callable[[], T]) -> T:
    try:
        return work()
    except BadDocument as error:
        out.fail(Exit.USAGE, "cannot_make", str(error))


def _raw(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).expanduser().read_bytes()
    except OSError as error:
        raise BadDocument(f"{file} cannot be read: {error.strerror}.") from None


def _address(given: str, option: str) -> str:
    if not (found := secure(given)):
        raise BadDocument(f"{given!r} is no https address. Write it as {option} https://api.acme.com/v1")
    return found


def _default_name(document: Document) -> str:
    title = snake(title_of(document, "service"))[:LONGEST_NAME].strip("_")
    name = f"my_{title}"[:LONGEST_NAME].strip("_") if (SHIPPED / "connectors" / f"{title}.yaml").exists() else title
    return name or "service"


def _checked(files: Files) -> Files:
    if wrong := found_wrong(files, SHIPPED):
        raise BadDocument("\n".join(["The lint finds fault with what was made, so nothing was written:", *wrong]))
    return files


def _folder(out: Output, into: Path | None) -> Path:
    return where(into, () if into else settings(out).connector_path)


def _written(out: Output, files: Files, folder: Path) -> Sequence[Path]:
    try:
        return files.write(folder)
    except Exists as error:
        out.fail(Exit.FAILED, "exists", str(error))
    except OSError as error:
        out.fail(Exit.FAILED, "cannot_write", f"{error.filename} cannot be written: {error.strerror}.")


def _lines(written: Sequence[Path]) -> str:
    return "\n".join(f"  {path}" for path in written)


def _next(folder: Path, tool: str, name: str, first: str = "", *, is_harmless: bool = True) -> str:
    """Commands to go on with; only a tool that reads is one to try."""
    place = shlex.quote(str(folder.absolute()))
    attempt = f"\n  evergrant call {tool} --account work --example" if is_harmless else ""
    return (
        f"{first}  evergrant tools lint {place}\n"
        f"  export EVERGRANT_CONNECTOR_PATH={place}\n"
        f"  evergrant tools show {tool}\n"
        f"  evergrant connect {name} --alias work{attempt}"
    )
