"""What happens to grants, and to calls that a person must approve, as told to the outside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from evergrant.model.account import Cause, ConnectedAccount, Connection
from evergrant.model.held_call import Decision, HeldCall
from evergrant.model.ids import new_id

EventType = Literal[
    "agent.auth.reauth_required",
    "agent.auth.reauth_completed",
    "agent.auth.expiring_soon",
    "agent.auth.refresh_failing",
    "agent.auth.refresh_recovered",
    "agent.call.approval_required",
    "agent.call.approval_decided",
    "connection.faulted",
    "connection.recovered",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)


def unknown_types(names: Sequence[str]) -> list[str]:
    """Those of the names that are no event's."""
    return [name for name in names if name not in EVENT_TYPES]


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the outbox; `data` is what a receiver gets."""

    id: str
    tenant_id: str
    account_id: str | None
    type: EventType
    data: dict[str, str]
    occurred_at: datetime
    seq: int = field(default=0, compare=False)
    """Its place among the vault's events; 0 until it is stored."""


def reauth_required(account: ConnectedAccount, error_code: str, cause: Cause, reauth_url: str, now: datetime) -> Event:
    """A grant is dead and a person must reconnect it."""
    return _event(account, "agent.auth.reauth_required", now, error_code=error_code, cause=cause, reauth_url=reauth_url)


def reauth_completed(account: ConnectedAccount, now: datetime) -> Event:
    """A person has reconnected an account whose grant was dead."""
    return _event(account, "agent.auth.reauth_completed", now)


def expiring_soon(account: ConnectedAccount, ends_at: datetime, reauth_url: str, now: datetime) -> Event:
    """The refresh token ends at a known time that is near: a reconnect before then costs no call."""
    ends = _rfc3339(ends_at)
    return _event(account, "agent.auth.expiring_soon", now, refresh_token_expires_at=ends, reauth_url=reauth_url)


def refresh_failing(account: ConnectedAccount, error_code: str, now: datetime) -> Event:
    """The provider is in trouble and the access token has run out: calls wait, and nobody need do anything."""
    return _event(account, "agent.auth.refresh_failing", now, error_code=error_code)


def refresh_recovered(account: ConnectedAccount, now: datetime) -> Event:
    """The provider renews again."""
    return _event(account, "agent.auth.refresh_recovered", now)


def approval_required(account: ConnectedAccount, call: HeldCall, approval_url: str | None, now: datetime) -> Event:
    """A person must approve a kept call; there is no link where only the operator may. Its arguments are not told."""
    link = {"approval_url": approval_url} if approval_url else {}
    told = {"tool_name": call.tool_name, "effect": call.effect, "call_id": call.id, **link}
    return _event(account, "agent.call.approval_required", now, **told)


def approval_decided(account: ConnectedAccount, call: HeldCall, decision: Decision, by: str, now: datetime) -> Event:
    """A kept call was approved, so that it runs once it is resumed, or refused, so that it never does."""
    told = {"tool_name": call.tool_name, "effect": call.effect, "call_id": call.id}
    return _event(account, "agent.call.approval_decided", now, **told, approval=decision, decided_by=by)


def connection_faulted(connection: Connection, error_code: str, now: datetime) -> Event:
    """The OAuth client itself is refused: one alarm for the operator, none for its accounts."""
    return _connection_event(connection, "connection.faulted", now, error_code=error_code)


def connection_recovered(connection: Connection, now: datetime) -> Event:
    """The OAuth client is accepted again."""
    return _connection_event(connection, "connection.recovered", now)


def _connection_event(connection: Connection, type_: EventType, now: datetime, **more: str) -> Event:
    data = {
        "event": type_,
        "connection_id": connection.id,
        "provider": connection.connector,
        "tenant_id": connection.tenant_id,
        **more,
        "occurred_at": _rfc3339(now),
    }
    return Event(new_id("evt", now), connection.tenant_id, None, type_, data, now)


def _event(account: ConnectedAccount, type_: EventType, now: datetime, **more: str) -> Event:
    data = {
        "event": type_,
        "connected_account_id": account.id,
        "provider": account.connector,
        "tenant_id": account.tenant_id,
        **more,
        "occurred_at": _rfc3339(now),
        "alias": account.alias,
    }
    return Event(new_id("evt", now), account.tenant_id, account.id, type_, data, now)


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
