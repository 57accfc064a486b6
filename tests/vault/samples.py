"""Accounts, grants and events as the tests of the vault need them."""

from datetime import UTC, datetime, timedelta

from evergrant.model.account import ConnectedAccount
from evergrant.model.audit import AuditRecord
from evergrant.model.endpoint import Endpoint
from evergrant.model.event import Event, reauth_required
from evergrant.model.grant import Grant
from evergrant.model.held_call import CallEffect, HeldCall
from evergrant.model.json import JsonObject
from evergrant.model.kept_result import KeptResult
from evergrant.model.outcome import Result
from evergrant.model.secret import Secret
from evergrant.vault.grants import Renewed

START = datetime(2027, 1, 1, tzinfo=UTC)
DUE = START + timedelta(minutes=40)


def account(number: int = 1, *, tenant_id: str = "tnt_a", alias: str | None = None) -> ConnectedAccount:
    return ConnectedAccount(
        id=f"conn_{number}",
        tenant_id=tenant_id,
        connection_id="client_1",
        connector="sandbox",
        alias=alias or f"acme-{number}",
        subject=f"subject-{number}",
        label="ada@acme.example",
        state="active",
        cause=None,
        scopes_requested=("crm.read", "crm.write"),
        scopes_granted=("crm.read",),
        values={"origin": "http://127.0.0.1:8485"},
        created_at=START,
    )


def grant(generation: int = 1, *, refresh_at: datetime | None = DUE) -> Grant:
    """The grant of that generation; its tokens name it (`access-1`, `refresh-1`)."""
    return Grant(
        generation=generation,
        access_token=Secret(f"access-{generation}"),
        refresh_token=Secret(f"refresh-{generation}"),
        issued_at=START,
        expires_at=START + timedelta(hours=1),
        refresh_at=refresh_at,
    )


def renewed(generation: int = 2) -> Renewed:
    """What an exchange brings: the grant of that generation, and the account as it was."""
    return Renewed(grant(generation), account().values, account().scopes_granted)


def endpoint(number: int = 1, *, tenant_id: str = "tnt_a", types: tuple[str, ...] = ()) -> Endpoint:
    return Endpoint(f"wh_{number}", tenant_id, f"https://hooks.example/{number}", types, START)


def audit_record(of: ConnectedAccount, *, record_id: str = "", minutes: float = 0, outcome: str = "ok") -> AuditRecord:
    """A call that ended so many minutes after the start, with its input."""
    return AuditRecord(
        tenant_id=of.tenant_id,
        at=START + timedelta(minutes=minutes),
        kind="call",
        outcome=outcome,
        duration_s=0.25,
        principal="key_1",
        account_id=of.id,
        connector=of.connector,
        tool=f"{of.connector}_append_row",
        effect="write",
        requests=1,
        request_bytes=20,
        response_bytes=300,
        provider_request_id="req-1",
        input_names=("row",),
        tool_input={"row": ["what was said"]},
        id=record_id,
    )


def death(of: ConnectedAccount) -> Event:
    return reauth_required(of, "invalid_grant", "revoked", "https://grants.example/reconnect", START)


def held_call(
    of: ConnectedAccount | None = None,
    *,
    number: int = 1,
    effect: CallEffect = "write",
    tool_input: JsonObject | None = None,
) -> HeldCall:
    """A call that has just begun to wait, of the first account unless it is `of` another."""
    whose = of or account()
    return HeldCall(
        id=f"call_{whose.id}_{number}",
        tenant_id=whose.tenant_id,
        account_id=whose.id,
        credential="default",
        tool_name="sandbox_list_rows" if effect == "read" else "sandbox_append_row",
        effect=effect,
        status="waiting",
        fence=0,
        claim=None,
        asked_by=None,
        created_at=START,
        expires_at=START + timedelta(hours=24),
        tool_input=tool_input or {"row": [number]},
    )


def kept_result(of: ConnectedAccount | None = None, *, number: int = 1) -> KeptResult:
    """A result that has just been kept, of the first account unless it is `of` another."""
    whose = of or account()
    result = Result(account=whose.id, label=whose.label, content=[f"row {number}"], tool_name="sandbox_list_rows")
    return KeptResult(
        id=f"res_{whose.id}_{number:03}",
        tenant_id=whose.tenant_id,
        tool_name="sandbox_list_rows",
        created_at=START,
        expires_at=START + timedelta(hours=1),
        result=result,
    )
