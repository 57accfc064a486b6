"""The options that narrow the audit, and the times that they take."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.output import Exit, Output
from evergrant.model.audit import AuditFilter, AuditKind
from evergrant.settings import LOCAL_TENANT

AGO = re.compile(r"([0-9]{1,6})([smhdw])")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

Account = Annotated[str | None, typer.Option("--account", help="Only this account's, by alias or id.")]
Connector = Annotated[str | None, typer.Option("--connector", help="Only this service's.")]
Tool = Annotated[str | None, typer.Option("--tool", help="Only calls of this tool.")]
Principal = Annotated[str | None, typer.Option("--principal", help="Only what this caller asked for.")]
Outcome = Annotated[str | None, typer.Option("--outcome", help="Only what came to this: ok, empty or a code.")]
Failed = Annotated[bool, typer.Option("--failed", help="Only what did not succeed.")]
Kind = Annotated[AuditKind | None, typer.Option("--kind", help="Only lines of this kind.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="From then on: 2026-11-26T08:00, 2h, 3d.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before then.")]


class BadTime(ValueError):
    """The text says no time."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no time. Say one as 2026-11-26, 2026-11-26T08:00 (UTC), 90m, 2h or 3d ago.")


def moment(text: str, now: datetime) -> datetime:
    """The time that a text says, UTC unless it says otherwise; raises BadTime."""
    try:
        if ago := AGO.fullmatch(text):
            return now - timedelta(seconds=int(ago[1]) * UNITS[ago[2]])
        said = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise BadTime(text) from None
    return said if said.tzinfo else said.replace(tzinfo=UTC)


def between(out: Output, app: App, wanted: AuditFilter, since: str | None, until: str | None) -> AuditFilter:
    """The filter with its times and its account's id; a text that says no time ends the command."""
    now = app.clock.now()
    try:
        times = [moment(text, now) if text else None for text in (since, until)]
    except BadTime as error:
        out.fail(Exit.USAGE, "usage", str(error))
    found = app.accounts.named(LOCAL_TENANT, wanted.account_id) if wanted.account_id else None
    account_id = found.id if found else wanted.account_id  # of one that has gone, the id is all there is
    return replace(wanted, account_id=account_id, since=times[0], until=times[1])
