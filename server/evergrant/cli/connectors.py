"""`evergrant connectors`: a connector of one's own, begun empty or made from what a service publishes."""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

import evergrant
from evergrant.catalog.catalog import data_folder
from evergrant.cli.connectors_render import imported_json, imported_text, trial_json, trial_text
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.running import settings
from evergrant.making.checking import check_name, found_wrong, google, where
from evergrant.making.connectors import title_of
from evergrant.making.document import BadDocument, Document
from evergrant.making.files import Exists, Files, files_of
from evergrant.making.importing import Choice, Imported, import_document
from evergrant.making.reading import read_document
from evergrant.making.scaffold import AuthKind, Plan, scaffold
from evergrant.making.servers import secure
from evergrant.making.words import snake
from evergrant.model.clock import SystemClock

T = TypeVar("T")
SHIPPED = data_folder(Path(evergrant.__file__).parent)
LONGEST_NAME = 24

connectors = typer.Typer(no_args_is_help=True, help="Connectors of your own: begun empty, or made from a description.")
Into = Annotated[
    Path | None,
    typer.Option("--into", help="The folder; else the one of EVERGRANT_CONNECTOR_PATH, else this one."),
]


@connectors.command(epilog="Example: evergrant connectors new acme --base-url https://api.acme.com/v1 --auth api_key")
def new(
    name: Annotated[str, typer.Argument(help="What its tools' names begin with: acme.")],
    base_url: Annotated[str, typer.Option("--base-url", help="Where its paths begin.")] = "https://api.example.com/v1",
    auth: Annotated[AuthKind, typer.Option("--auth", help="How requests are signed.")] = "oauth2",
    title: Annotated[str | None, typer.Option("--title", help="What people call the service.")] = None,
    authorize_url: Annotated[str | None, typer.Option("--authorize-url", help="oauth2: where people consent.")] = None,
    token_url: Annotated[str | None, typer.Option("--token-url", help="oauth2: where tokens are had.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="oauth2: one that its tools need.")] = None,
    header: Annotated[str | None, typer.Option("--header", help="api_key: the header; else Authorization.")] = None,
    query: Annotated[str | None, typer.Option("--query", help="api_key: the query parameter, in place of it.")] = None,
    into: Into = None,
    as_json: bool = JsonOption,
) -> None:
    """Write the files of a connector called NAME, with comments that say what to fill in. Overwrites nothing."""
    out = output(as_json)

    def make() -> Files:
        check_name(name, SHIPPED)
        plan = Plan(
            name=name,
            title=title or name.replace("_", " ").title(),
            base_url=_address(base_url, "--base-url"),
            auth=auth,
            today=SystemClock().now().date(),
            authorize_url=_address(authorize_url or "https://login.example.com/oauth/authorize", "--authorize-url"),
            token_url=_address(token_url or "https://login.example.com/oauth/token", "--token-url"),
            scopes=tuple(scope or ("things.read", "things.write")),
            header=header or "Authorization",
            prefix="" if header and header.lower() != "authorization" else "Bearer ",
            query=query,
        )
        return _checked(scaffold(plan))

    files = _ending(out, make)
    folder = _folder(out, into)
    written = _written(out, files, folder)
    steps = _next(folder, f"{name}_get_thing", name, "  edit the files: each comment says what goes there\n")
    said = {"connector": name, "folder": str(folder), "files": [str(path) for path in written]}
    out.show(said, f"Wrote\n{_lines(written)}\nNext:\n{steps}")


@connectors.command(
    name="import",
    epilog="Examples: evergrant connectors import openapi.json --list; "
    "evergrant connectors import openapi.json --name acme --operations listUsers --operations 'GET /teams/*'",
)
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="OpenAPI 3, Swagger 2 or Google Discovery; - reads it.")],
    name: Annotated[str | None, typer.Option("--name", help="What its tools' names begin with.")] = None,
    operations: Annotated[
        list[str] | None,
        typer.Option("--operations", help="Only these: id, path, 'GET /path', tag or pattern with *."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--list", help="Show what would become of the operations; write nothing.")
    ] = False,
    base_url: Annotated[str | None, typer.Option("--base-url", help="Where it lives, if not where it says.")] = None,
    security: Annotated[
        str | None,
        typer.Option(
            "--security", help="One of its security schemes; or bearer, basic, header:NAME, query:NAME, none."
        ),
    ] = None,
    into: Into = None,
    as_json: bool = JsonOption,
) -> None:
    """Make a connector from the description of a service. Nothing is sent, and only FILE is read."""
    out = output(as_json)

    def make() -> tuple[Document, str, Imported]:
        document = read_document(_raw(file))
        chosen = name or _default_name(document)
        if not show:
            check_name(chosen, SHIPPED)
        choice = Choice(chosen, tuple(operations or ()), base_url, security, is_trial=show)
        return document, chosen, import_document(document, choice, google(SHIPPED), SystemClock().now().date())

    document, chosen, found = _ending(out, make)
    if show:
        out.show(trial_json(chosen, found), trial_text(chosen, found))
        return
    source = Path(file).name if file != "-" else "standard input"
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
