from datetime import UTC, datetime

import pytest
from tests.vault.samples import held_call

from evergrant.model.account import ConnectedAccount, Connection
from evergrant.model.event import (
    approval_decided,
    connection_faulted,
    connection_recovered,
    reauth_completed,
    reauth_required,
)
from evergrant.model.secret import Secret

NOW = datetime(2026, 5, 25, 4, 22, 11, 987654, tzinfo=UTC)


@pytest.fixture
def account() -> ConnectedAccount:
    return ConnectedAccount(
        id="conn_01HXYZ",
        tenant_id="org_acme",
        connection_id="client_1",
        connector="salesforce",
        alias="sales",
        subject="005",
        label="ada@acme.example",
        state="active",
        cause=None,
        scopes_requested=("api", "id"),
        scopes_granted=("api",),
        values={},
        created_at=NOW,
    )


@pytest.fixture
def connection() -> Connection:
    return Connection("client_1", "org_acme", "salesforce", "cid", Secret("hidden"), "http://localhost/cb", (), NOW)


def test_reauth_required_tells_what_is_dead_why_and_where_to_go(account: ConnectedAccount) -> None:
    event = reauth_required(account, "invalid_grant", "revoked", "https://grants.example/reconnect/x", NOW)
    assert event.data == {
        "event": "agent.auth.reauth_required",
        "connected_account_id": "conn_01HXYZ",
        "provider": "salesforce",
        "tenant_id": "org_acme",
        "error_code": "invalid_grant",
        "reauth_url": "https://grants.example/reconnect/x",
        "occurred_at": "2026-05-25T04:22:11Z",
        "cause": "revoked",
        "alias": "sales",
    }
    assert (event.type, event.tenant_id, event.account_id) == (event.data["event"], "org_acme", "conn_01HXYZ")
    assert event.id.startswith("evt_")


def test_reauth_completed_names_the_account(account: ConnectedAccount) -> None:
    event = reauth_completed(account, NOW)
    assert event.data == {
        "event": "agent.auth.reauth_completed",
        "connected_account_id": "conn_01HXYZ",
        "provider": "salesforce",
        "tenant_id": "org_acme",
        "occurred_at": "2026-05-25T04:22:11Z",
        "alias": "sales",
    }


def test_a_decision_names_the_call_and_who_decided(account: ConnectedAccount) -> None:
    event = approval_decided(account, held_call(), "refused", "key_1, over HTTP", NOW)
    assert event.data == {
        "event": "agent.call.approval_decided",
        "connected_account_id": "conn_01HXYZ",
        "provider": "salesforce",
        "tenant_id": "org_acme",
        "tool_name": held_call().tool_name,
        "effect": held_call().effect,
        "call_id": held_call().id,
        "approval": "refused",
        "decided_by": "key_1, over HTTP",
        "occurred_at": "2026-05-25T04:22:11Z",
        "alias": "sales",
    }


def test_the_events_of_a_connection_name_no_account_and_no_secret(connection: Connection) -> None:
    faulted = connection_faulted(connection, "invalid_client", NOW)
    assert faulted.account_id is None
    assert faulted.data == {
        "event": "connection.faulted",
        "connection_id": "client_1",
        "provider": "salesforce",
        "tenant_id": "org_acme",
        "error_code": "invalid_client",
        "occurred_at": "2026-05-25T04:22:11Z",
    }
    assert connection_recovered(connection, NOW).data["event"] == "connection.recovered"


def test_scopes_that_were_asked_for_and_not_granted_are_missing(account: ConnectedAccount) -> None:
    assert account.scopes_missing == ("id",)
