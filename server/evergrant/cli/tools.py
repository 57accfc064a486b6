"""`evergrant tools` and `evergrant call`: what there is to call, and calling it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

import evergrant
from evergrant.app import App
from evergrant.catalog.catalog import Catalog, UnknownTool, folders
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.tool import Tool
from evergrant.cli.calls import show_outcome
from evergrant.cli.output import Exit, JsonOption, Output, cells, output, table
from evergrant.cli.running import run, settings
from evergrant.lint.run import costs
from evergrant.lint.run import lint as checked
from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import Outcome
from evergrant.settings import LOCAL_TENANT

tools = typer.Typer(no_args_is_help=True, help="The tools that agents may call.")


@tools.command(name="list", epilog="Example: evergrant tools list --connector hubspot")
def list_tools(
    connector: Annotated[str | None, typer.Option("--connector", help="Only this service's.")] = None,
    as_json: bool = JsonOption,
) -> None:
    """Show the tools of every connector."""
    out = output(as_json)

    async def work(app: App) -> dict[str, Tool]:
        names = [connector] if connector else list(app.catalog.connectors())
        tools = {name: tool for one in names for name, tool in app.catalog.tools(one).items()}
        if app.catalog.faults:
            raise DeclarationError("\n".join(map(str, app.catalog.faults.values())))
        return tools

    found = run(out, work)
    shown = table("tool", "effect", "what it does")
    for name, tool in found.items():
        shown.add_row(*cells(name, tool.effect, tool.description.partition(". ")[0]))
    out.show({"count": len(found), "tools": [_summary(name, tool) for name, tool in found.items()]}, shown)


@tools.command(epilog="Example: evergrant tools show hubspot_search_contacts")
def show(name: str, as_json: bool = JsonOption) -> None:
    """Show one tool: description, input schema, example."""
    out = output(as_json)

    async def work(app: App) -> Tool | None:
        try:
            return app.catalog.tool(name)[1]
        except UnknownTool:
            return None

    tool = run(out, work)
    if tool is None:
        out.fail(Exit.USAGE, "unknown_tool", f"There is no tool {name!r}. List them: evergrant tools list")
    full: dict[str, Json] = {**_summary(name, tool), "input_schema": tool.input_schema, "example": tool.example}
    out.show(full, json.dumps(full, indent=2))


@tools.command(epilog="Example: evergrant tools lint ./my-connectors")
def lint(
    path: Annotated[
        Path | None,
        typer.Argument(help="A folder with connectors/ and schemas/, or one of their files; else all there are."),
    ] = None,
    as_json: bool = JsonOption,
) -> None:
    """Check connectors against the rules: names, descriptions, inputs, effects, examples, errors, places."""
    out = output(as_json)
    folder, only = _where(path)
    here = folders(Path(evergrant.__file__).parent, [folder] if path else settings(out).connector_path)
    catalog = Catalog(here, lenient=True)
    chosen = only or tuple(n for n in catalog.names() if not path or folder in catalog.connector_file(n).parents)
    found = list(checked(catalog, chosen)) if chosen else [f"{path}: there is no connector."]
    found += costs(catalog) if path is None else ()
    number = len(chosen)
    out.show({"faults": found, "connectors": number}, "\n".join(found) or f"{number} connectors, no fault.")
    if found:
        raise typer.Exit(Exit.FAILED)


def _where(path: Path | None) -> tuple[Path, tuple[str, ...]]:
    """The folder that a path means, and the connector where it is a file."""
    if path is None:
        return Path(), ()
    file = path.resolve()
    return (file.parents[1], (file.stem,)) if file.suffix == ".yaml" else (file, ())


def call(
    tool: str,
    account: Annotated[str, typer.Option("--account", help="Alias or id.")],
    data: Annotated[str | None, typer.Option("--data", "-d", help="The input as JSON; @FILE or - reads it.")] = None,
    example: Annotated[bool, typer.Option("--example", help="Use the tool's own example as input.")] = False,
    as_json: bool = JsonOption,
) -> None:
    """Call TOOL as ACCOUNT, just as an agent would. A call that meets a dead grant waits: see `evergrant calls`."""
    out = output(as_json)
    given = _input(out, data)

    async def work(app: App) -> Outcome:
        found = app.desk.find(LOCAL_TENANT, account)
        chosen: JsonObject = _example(app, tool) if example and data is None else given
        return await app.held_calls.execute(found.key, tool, chosen, asked_by="command line")

    show_outcome(out, run(out, work))


def _example(app: App, tool: str) -> JsonObject:
    try:
        return app.catalog.tool(tool)[1].example
    except UnknownTool:
        return {}  # the call itself says that there is no such tool


def _input(out: Output, data: str | None) -> JsonObject:
    try:
        value: Json = json.loads(_text(data)) if data else {}
    except OSError as error:
        out.fail(Exit.USAGE, "bad_input", f"{error.filename} cannot be read: {error.strerror}.")
    except ValueError as error:
        out.fail(Exit.USAGE, "bad_input", f'--data is not JSON: {error}. Example: -d \'{{"query": "acme"}}\'')
    if not isinstance(value, Mapping):
        out.fail(Exit.USAGE, "bad_input", '--data must be a JSON object, such as \'{"query": "acme"}\'.')
    return value


def _text(data: str) -> str:
    if data == "-":
        return sys.stdin.read()
    if data.startswith("@"):
        with open(data[1:], encoding="utf-8") as file:  # noqa: PTH123  (the error's filename is what was typed)
            return file.read()
    return data


def _summary(name: str, tool: Tool) -> dict[str, Json]:
    return {
        "name": name,
        "effect": tool.effect,
        "description": tool.description,
        "scopes": list(tool.scopes),
        "tier": tool.tier,
    }
