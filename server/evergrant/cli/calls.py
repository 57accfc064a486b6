"""`evergrant calls`: the calls that wait for their person, to reconnect or to approve them."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer
from rich.table import Table

from evergrant.app import App
from evergrant.cli.output import JsonOption, Output, cells, exit_code, output, table
from evergrant.cli.running import run
from evergrant.model.held_call import HeldCall
from evergrant.model.outcome import Failure, Outcome, Result
from evergrant.service.approval_words import not_undecided
from evergrant.service.held_words import no_such_call, not_waiting
from evergrant.settings import LOCAL_TENANT

BY = "command line"
calls = typer.Typer(no_args_is_help=True, help="The calls that wait for their person.")

CallId = Annotated[str, typer.Argument(metavar="ID", help="Of the call, such as call_01JD9Z...")]


@calls.command(name="list", epilog="Example: evergrant calls list --account acme --all")
def list_calls(
    account: Annotated[str | None, typer.Option("--account", help="Only this account's, by alias or id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended within a day, too.")] = False,
    as_json: bool = JsonOption,
) -> None:
    """Show the calls that wait, newest first."""
    out = output(as_json)

    async def work(app: App) -> tuple[list[HeldCall], Table]:
        account_id = app.desk.find(LOCAL_TENANT, account).id if account else None
        found = app.held_calls.listed(LOCAL_TENANT, account_id, ended=everything)
        aliases = {each.id: each.alias for each in app.accounts.all(LOCAL_TENANT)}
        return found, _table(found, aliases)

    found, shown = run(out, work)
    none = "No call has waited within a day." if everything else "No call waits. Those that ended: --all"
    out.show({"calls": [call.as_json() for call in found]}, shown if found else none)


@calls.command(epilog="Example: evergrant calls show call_01JD9Z...")
def show(call_id: CallId, as_json: bool = JsonOption) -> None:
    """Show one call: what it asks for, or what it came to."""
    out = output(as_json)

    async def work(app: App) -> HeldCall | None:
        return app.held_calls.get(LOCAL_TENANT, call_id)

    found = run(out, work)
    if found is None:
        show_outcome(out, no_such_call())
    else:
        out.show(found.as_json(), json.dumps(found.as_json(), indent=2, ensure_ascii=False))


@calls.command(epilog="Example: evergrant calls resume call_01JD9Z... --json")
def resume(call_id: CallId, as_json: bool = JsonOption) -> None:
    """Run a call that waits, once its account is reconnected; one that ran already gives the same outcome again."""
    out = output(as_json)

    async def work(app: App) -> Outcome:
        return await app.held_calls.resume(LOCAL_TENANT, call_id)

    show_outcome(out, run(out, work))


@calls.command(epilog="Example: evergrant calls approve call_01JD9Z...")
def approve(call_id: CallId, as_json: bool = JsonOption) -> None:
    """Approve a call that must be: it may run once, as `evergrant calls show` shows it."""
    then = f"is approved. It runs when it is resumed: evergrant calls resume {call_id}"
    _decide(output(as_json), call_id, then, lambda app: app.held_calls.approvals.approve(LOCAL_TENANT, call_id, BY))


@calls.command(epilog="Example: evergrant calls deny call_01JD9Z...")
def deny(call_id: CallId, as_json: bool = JsonOption) -> None:
    """Refuse a call that must be approved: it never runs, and its agent is told that it was refused."""
    then = "is refused and will not run."
    _decide(output(as_json), call_id, then, lambda app: app.held_calls.approvals.refuse(LOCAL_TENANT, call_id, BY))


@calls.command(epilog="Example: evergrant calls cancel call_01JD9Z...")
def cancel(call_id: CallId, as_json: bool = JsonOption) -> None:
    """Take a call back that waits: it will never run."""
    out = output(as_json)

    async def work(app: App) -> Failure | None:
        if await app.held_calls.cancel(LOCAL_TENANT, call_id):
            return None
        found = app.held_calls.get(LOCAL_TENANT, call_id)
        return not_waiting(found) if found else no_such_call()

    if why_not := run(out, work):
        show_outcome(out, why_not)
    out.show({"id": call_id, "status": "cancelled"}, f"{call_id} is cancelled and will not run.")


def _decide(out: Output, call_id: str, then: str, decide: Callable[[App], Awaitable[bool]]) -> None:
    async def work(app: App) -> HeldCall | Failure:
        done, found = await decide(app), app.held_calls.get(LOCAL_TENANT, call_id)
        if found is None:
            return no_such_call()
        return found if done else not_undecided(found)

    found = run(out, work)
    if isinstance(found, Failure):
        show_outcome(out, found)
    else:
        out.show(found.as_json(), f"{call_id} {then}")


def show_outcome(out: Output, outcome: Outcome) -> None:
    """Print what a call came to; a failure ends the command with its exit code."""
    if isinstance(outcome, Result):
        text = json.dumps(outcome.content, indent=2, ensure_ascii=False)
        out.show(outcome.as_json(), f"{outcome.note}\n{text}" if outcome.note else text)
        return
    out.show(outcome.as_json(), outcome.as_text())
    raise typer.Exit(exit_code(outcome))


def _table(found: Sequence[HeldCall], aliases: dict[str, str]) -> Table:
    shown = table("id", "account", "tool", "effect", "status", "until")
    for call in found:
        until = call.expires_at.isoformat(timespec="minutes")
        account = aliases.get(call.account_id, call.account_id)
        shown.add_row(*cells(call.id, account, call.tool_name, call.effect, _status(call), until))
    return shown


def _status(call: HeldCall) -> str:
    return "to approve" if call.is_undecided else call.status
