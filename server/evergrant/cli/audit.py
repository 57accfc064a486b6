"""`evergrant audit`: what was called and renewed, by whom, and what came of it."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import typer
from rich.table import Table

from evergrant.app import App
from evergrant.cli.audit_filters import (
    Account,
    Connector,
    Failed,
    Kind,
    Outcome,
    Principal,
    Since,
    Tool,
    Until,
    between,
)
from evergrant.cli.output import Exit, JsonOption, cells, output, table
from evergrant.cli.running import run
from evergrant.model.audit import AuditFilter, AuditRecord
from evergrant.model.json import Json
from evergrant.settings import LOCAL_TENANT

audit = typer.Typer(no_args_is_help=True, help="What was called and renewed, by whom, and what came of it.")

AT_A_TIME = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

LineId = Annotated[str, typer.Argument(metavar="ID", help="Of the line, such as aud_01JD9Z...")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many lines at most.")]
Format = Annotated[Literal["jsonl", "csv"], typer.Option("--format", help="One JSON object a line, or a table.")]


@audit.command(name="list", epilog="Example: evergrant audit list --account acme --failed --since 2d")
def list_lines(
    account: Account = None,
    connector: Connector = None,
    tool: Tool = None,
    principal: Principal = None,
    outcome: Outcome = None,
    failed: Failed = False,
    kind: Kind = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    as_json: bool = JsonOption,
) -> None:
    """Show the latest lines, newest first."""
    out = output(as_json)
    wanted = _wanted(account, connector, tool, principal, outcome, failed, kind)

    async def work(app: App) -> tuple[list[AuditRecord], Table]:
        found = app.audit_log.page(LOCAL_TENANT, between(out, app, wanted, since, until), limit)
        aliases = {each.id: each.alias for each in app.accounts.all(LOCAL_TENANT)}
        return found, _table(found, aliases)

    found, shown = run(out, work)
    out.show({"lines": [line.as_json() for line in found]}, shown if found else "There is no such line.")


@audit.command(epilog="Example: evergrant audit show aud_01JD9Z... --inputs")
def show(
    line_id: LineId,
    inputs: Annotated[bool, typer.Option("--inputs", help="What the call was given, where that is kept.")] = False,
    as_json: bool = JsonOption,
) -> None:
    """Show one line."""
    out = output(as_json)

    async def work(app: App) -> dict[str, Json] | None:
        found = app.audit_log.get(LOCAL_TENANT, line_id)
        if found is None:
            return None
        given = {"tool_input": app.audit_log.tool_input(LOCAL_TENANT, line_id)} if inputs else {}
        return {**found.as_json(), **given}

    found = run(out, work)
    if found is None:
        out.fail(Exit.NOT_CONNECTED, "not_found", "There is no such line. List them: evergrant audit list")
    out.show(found, json.dumps(found, indent=2, ensure_ascii=False))


@audit.command(epilog="Example: evergrant audit export --since 30d --format csv > audit.csv")
def export(
    account: Account = None,
    connector: Connector = None,
    tool: Tool = None,
    principal: Principal = None,
    outcome: Outcome = None,
    failed: Failed = False,
    kind: Kind = None,
    since: Since = None,
    until: Until = None,
    format_: Format = "jsonl",
) -> None:
    """Write lines to standard output, oldest first, however many there are."""
    out = output(False)
    wanted = _wanted(account, connector, tool, principal, outcome, failed, kind)

    async def work(app: App) -> None:
        lines = _every(app, between(out, app, wanted, since, until))
        write_csv(lines) if format_ == "csv" else write_jsonl(lines)

    run(out, work)


def _wanted(
    account: str | None,
    connector: str | None,
    tool: str | None,
    principal: str | None,
    outcome: str | None,
    failed: bool,
    kind: Kind,
) -> AuditFilter:
    return AuditFilter(
        kind=kind,
        account_id=account,
        connector=connector,
        tool=tool,
        principal=principal,
        outcome=outcome,
        failed=failed,
    )


def _every(app: App, wanted: AuditFilter) -> Iterator[AuditRecord]:
    """Page by page, so that the whole is never in memory."""
    after: str | None = None
    while page := app.audit_log.page(LOCAL_TENANT, wanted, AT_A_TIME, after=after, oldest_first=True):
        yield from page
        after = page[-1].id


def write_jsonl(lines: Iterator[AuditRecord]) -> None:
    """Each as a JSON object on a line of standard output."""
    for line in lines:
        sys.stdout.write(json.dumps(line.as_json(), ensure_ascii=False) + "\n")


def write_csv(lines: Iterator[AuditRecord]) -> None:
    """As a table on standard output, with a head, as RFC 4180 has it."""
    writer: csv.DictWriter[str] | None = None
    for line in lines:
        row = {name: _cell(value) for name, value in line.as_json().items()}
        if writer is None:
            writer = csv.DictWriter(sys.stdout, row)
            writer.writeheader()
        writer.writerow(row)


def _cell(value: Json) -> str:
    """As text; what a spreadsheet would run is quoted, since callers and providers choose some of the words."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(str(each) for each in value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _table(found: Sequence[AuditRecord], aliases: dict[str, str]) -> Table:
    shown = table("at", "who", "account", "what", "outcome", "took", "id")
    for line in found:
        account = aliases.get(line.account_id or "", line.account_id)
        outcome = f"{line.outcome} ({line.detail})" if line.detail else line.outcome
        what = line.tool or (line.kind if line.kind != "call" else "(no such tool)")
        when = line.at.isoformat(sep=" ", timespec="seconds")
        took = f"{line.duration_s * 1000:.0f} ms"
        shown.add_row(*cells(when, line.principal, account, what, outcome, took, line.id))
    return shown
