"""`evergrant tools`: what there is to call."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

import evergrant
from evergrant.app import App
from evergrant.catalog.catalog import Catalog, UnknownTool, folders
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.search import Entry, build
from evergrant.catalog.search import search as found_by
from evergrant.catalog.tool import Tool
from evergrant.cli.output import Exit, JsonOption, cells, output, table
from evergrant.cli.running import run, settings
from evergrant.lint.run import costs
from evergrant.lint.run import lint as checked
from evergrant.model.json import Json

tools = typer.Typer(no_args_is_help=True, help="The tools that agents may call.")


@tools.command(name="list", epilog="Example: evergrant tools list --connector hubspot")
def list_tools(
    connector: Annotated[str | None, typer.Option("--connector", help="Only this service's.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also rarer ones, and each way around.")] = False,
    as_json: bool = JsonOption,
) -> None:
    """Show the tools of every connector: the core ones, which people use most."""
    out = output(as_json)

    async def work(app: App) -> Sequence[Entry]:
        return _entries(app.catalog, [connector] if connector else list(app.catalog.connectors()))

    found = run(out, work)
    core = [entry for entry in found if _is_core(entry[2])]
    shown = found if everything else core
    services = Counter(name for name, _, _ in core)
    counts: dict[str, Json] = {"count": len(shown), "core": services.total(), "core_by_service": services}
    out.show({**counts, "tools": [_summary(name, tool) for _, name, tool in shown]}, _table(shown))


@tools.command(epilog="Example: evergrant tools search 'find the deal for Acme'")
def search(
    words: Annotated[str, typer.Argument(help="What you want to do, in your own words.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=50, help="How many to show.")] = 5,
    as_json: bool = JsonOption,
) -> None:
    """Find tools by what they do, as an agent does with search_tools; the best comes first."""
    out = output(as_json)

    async def work(app: App) -> Sequence[Entry]:
        hits = found_by(build(_entries(app.catalog, list(app.catalog.connectors()))), words, limit)
        return [(hit.connector, hit.name, hit.tool) for hit in hits]

    found = run(out, work)
    nothing = "No tool has any of these words. List them all: evergrant tools list --all"
    out.show({"tools": [_summary(name, tool) for _, name, tool in found]}, _table(found) if found else nothing)


def _entries(catalog: Catalog, names: Sequence[str]) -> Sequence[Entry]:
    found = [(one, name, tool) for one in names for name, tool in catalog.tools(one).items()]
    if catalog.faults:
        raise DeclarationError("\n".join(map(str, catalog.faults.values())))
    return found


def _is_core(tool: Tool) -> bool:
    return tool.tier == "core" and tool.passthrough is None


def _table(entries: Sequence[Entry]) -> Table:
    shown = table("tool", "effect", "what it does")
    for _, name, tool in entries:
        shown.add_row(*cells(name, tool.effect, tool.description.partition(". ")[0]))
    return shown


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


def _summary(name: str, tool: Tool) -> dict[str, Json]:
    return {
        "name": name,
        "effect": tool.effect,
        "description": tool.description,
        "scopes": list(tool.scopes),
        "tier": tool.tier,
    }
