"""How an account stands, as JSON for an agent or a program: state, clocks, last error, what to do."""

from datetime import datetime

from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.way_back import way_back
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject


def status_of(parts: Parts, account: ConnectedAccount) -> JsonObject:
    """All of it; times are ISO 8601 in UTC. Raises StoreUnavailable, SealBroken."""
    standing = parts.desk.standing(account)
    return {
        "id": account.id,
        "alias": account.alias,
        "connector": account.connector,
        "as": account.label,
        "state": account.state,
        "cause": account.cause,
        "access_expires_at": _iso(standing.access_expires_at),
        "next_refresh_at": _iso(standing.next_refresh_at),
        "refresh_token_ends_at": _iso(standing.refresh_token_ends_at),
        "last_error": standing.last_error,
        "scopes_missing": list(account.scopes_missing),
        "tools_ready": standing.tools_ready,
        "created_at": account.created_at.isoformat(),
        **way_back(parts, account),
    }


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
