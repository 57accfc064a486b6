"""Accounts and connections as text and as JSON."""

from datetime import UTC, datetime

from rich.table import Table

from evergrant.cli.output import cells, table
from evergrant.model.account import ConnectedAccount, Connection
from evergrant.model.json import Json
from evergrant.service.accounts import Standing


def account_json(account: ConnectedAccount) -> dict[str, Json]:
    """An account without its grant."""
    return {
        "id": account.id,
        "alias": account.alias,
        "connector": account.connector,
        "identity": account.label,
        "state": account.state,
        "paused": account.paused,
        "cause": account.cause,
        "scopes_granted": list(account.scopes_granted),
        "scopes_missing": list(account.scopes_missing),
        "created_at": account.created_at.isoformat(),
    }


def standing_json(standing: Standing) -> dict[str, Json]:
    """An account with its clocks and its tools."""
    return {
        **account_json(standing.account),
        "access_expires_at": _iso(standing.access_expires_at),
        "next_refresh_at": _iso(standing.next_refresh_at),
        "refresh_token": standing.refresh_token,
        "refresh_token_ends_at": _iso(standing.refresh_token_ends_at),
        "last_error": standing.last_error,
        "tools_ready": standing.tools_ready,
        "tools_waiting": {name: list(scopes) for name, scopes in standing.tools_waiting.items()},
        "first_command": first_command(standing),
    }


def standing_text(standing: Standing, now: datetime) -> str:
    """An account for a person: who, what was granted, both clocks, what to try."""
    account = standing.account
    waiting = "; ".join(f"{name} needs {', '.join(scopes)}" for name, scopes in standing.tools_waiting.items())
    lines = [
        f"{account.id}  {account.connector}  {account.alias!r}  as {account.label}",
        f"  state    {_state(account)}{f' ({account.cause})' if account.cause else ''}",
        f"  scopes   {' '.join(account.scopes_granted) or 'none stated'}",
        *([f"  missing  {' '.join(account.scopes_missing)}"] if account.scopes_missing else []),
        f"  clocks   {_access_clock(standing, now)}; {_refresh_clock(standing, now)}",
        f"  tools    {standing.tools_ready} ready{f'; {waiting}' if waiting else ''}",
        *([f"  try      {command}"] if (command := first_command(standing)) else []),
    ]
    return "\n".join(lines)


def first_command(standing: Standing) -> str | None:
    """A harmless first call; for a dead or a paused account, the way back; for one that was to be ended, the way on."""
    if standing.account.state == "revoked":
        return f"evergrant revoke {standing.account.alias}"
    if standing.account.state != "active":
        return f"evergrant reauth {standing.account.alias}"
    if standing.account.paused:
        return f"evergrant accounts resume {standing.account.alias}"
    if standing.first_tool is None:
        return None
    return f"evergrant call {standing.first_tool} --account {standing.account.alias} --example"


def accounts_table(standings: list[Standing], now: datetime) -> Table:
    """All accounts at a glance."""
    shown = table("alias", "id", "service", "who", "state", "access token", "next refresh", "refresh token")
    for standing in standings:
        account = standing.account
        row = cells(
            account.alias,
            account.id,
            account.connector,
            account.label,
            _state(account),
            _until(standing.access_expires_at, now, never="does not expire"),
            _until(standing.next_refresh_at, now, never="-"),
            _refresh_clock(standing, now),
        )
        shown.add_row(*row)
    return shown


def connection_json(connection: Connection) -> dict[str, Json]:
    """A connection without its secret."""
    return {
        "id": connection.id,
        "connector": connection.connector,
        "client_id": connection.client_id,
        "redirect_uri": connection.redirect_uri,
        "scopes": list(connection.scopes),
        "has_secret": connection.client_secret is not None,
        "fault": connection.fault,
        "created_at": connection.created_at.isoformat(),
    }


def _state(account: ConnectedAccount) -> str:
    return f"{account.state}, paused" if account.paused else account.state


def _access_clock(standing: Standing, now: datetime) -> str:
    if standing.access_expires_at is None:
        return "the access token does not expire"
    next_refresh = _until(standing.next_refresh_at, now, never="never")
    return f"access token ends {_until(standing.access_expires_at, now, never='')} (next refresh {next_refresh})"


def _refresh_clock(standing: Standing, now: datetime) -> str:
    if not standing.refresh_token:
        return "no refresh token was issued"
    if standing.refresh_token_ends_at is None:
        return "no fixed end"
    return f"ends {_until(standing.refresh_token_ends_at, now, never='')} unless used"


def _until(moment: datetime | None, now: datetime, *, never: str) -> str:
    if moment is None:
        return never
    seconds = (moment - now).total_seconds()
    return f"in {_span(seconds)}" if seconds >= 0 else f"{_span(-seconds)} ago"


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size * 2:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
