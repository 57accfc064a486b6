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
from evergrant.cli.wizard.terminal import Stopped, someone
from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import ConfirmationRequired, Outcome
from evergrant.model.principal import Principal
from evergrant.service.approval_words import arguments
from evergrant.settings import LOCAL_TENANT

BY = "command line"
MOST_SHOWN = 4000
"""Characters of the arguments that are shown before a question; they were typed here a moment ago."""


def call(
    tool: str,
    account: Annotated[str, typer.Option("--account", help="Alias or id.")],
    data: Annotated[str | None, typer.Option("--data", "-d", help="The input as JSON; @FILE or - reads it.")] = None,
    example: Annotated[bool, typer.Option("--example", help="Use the tool's own example as input.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve the call where the server's policy asks.")] = False,
    as_json: bool = JsonOption,
) -> None:
    """Call TOOL as ACCOUNT, just as an agent would.

    A call that meets a dead grant waits: see `evergrant calls`. So does one that must be approved, where nobody sits at
    the terminal to be asked.
    """
    out = output(as_json)
    given = _input(out, data)

    async def work(app: App) -> Outcome:
        found = app.desk.find(LOCAL_TENANT, account)
        chosen: JsonObject = _example(app, tool) if example and data is None else given
        caller = Principal(LOCAL_TENANT, BY, policy=app.settings.policy)
        who = app.standing(caller)
        outcome = await who.execute_as(found, tool, chosen)
        return await _decided(app, out, outcome, yes=yes) if isinstance(outcome, ConfirmationRequired) else outcome

    show_outcome(out, run(out, work))


async def _decided(app: App, out: Output, asked: ConfirmationRequired, *, yes: bool) -> Outcome:
    """What the call comes to once the person at the terminal has decided; the same where there is nobody."""
    call_id, approvals = asked.call_id or "", app.held_calls.approvals
    agreed = True if yes else _agreed(app, out, asked, call_id)
    if agreed is None:
        return asked
    decide = approvals.approve if agreed else approvals.refuse
    return await app.held_calls.resume(LOCAL_TENANT, call_id) if await decide(LOCAL_TENANT, call_id, BY) else asked


def _agreed(app: App, out: Output, asked: ConfirmationRequired, call_id: str) -> bool | None:
    person, call = someone(out, no_browser=True), app.held_calls.get(LOCAL_TENANT, call_id)
    if person is None or call is None:
        return None
    person.told(f"{asked.what_happened} It would be called with:\n{arguments(call, MOST_SHOWN)[0]}")
    try:
        return person.asked("Call it? [y/N]").strip().casefold() in ("y", "yes")
    except Stopped:
        return False


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
