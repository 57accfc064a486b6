"""`evergrant call`: one call of a tool, as an agent would make it."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.catalog.catalog import UnknownTool
from evergrant.cli.calls import show_outcome
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.running import run
from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import Outcome
from evergrant.settings import LOCAL_TENANT


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
