"""What the doctor's checks are shown, in order until a test says otherwise, and the commands that advice may name."""

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from evergrant.cli.main import build
from evergrant.cli.verbs import Verb
from evergrant.doctor.finding import Finding
from evergrant.model.account import ConnectedAccount
from evergrant.vault.overview import KnownConnection, KnownGrant, Overview

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CALLBACK = "http://localhost:8484/callback"
ACCOUNT = ConnectedAccount(
    id="conn_1",
    tenant_id="tnt_local",
    connection_id="client_1",
    connector="hubspot",
    alias="acme",
    subject="1",
    label="ada@acme.example",
    state="active",
    cause=None,
    scopes_requested=(),
    scopes_granted=(),
    values={},
    created_at=NOW - timedelta(days=1),
)
CONNECTION = KnownConnection("client_1", "hubspot", CALLBACK, None)
GRANT = KnownGrant(
    account=ACCOUNT,
    credential="default",
    issued_at=NOW - timedelta(minutes=10),
    expires_at=NOW + timedelta(minutes=20),
    refresh_at=NOW + timedelta(minutes=10),
    consented_at=NOW - timedelta(days=1),
    refresh_expires_at=None,
    renewable=True,
    dead=False,
    intent_at=None,
    attempts=0,
    last_error=None,
    orphan=False,
)


def vault(
    account: ConnectedAccount = ACCOUNT, connection: KnownConnection | None = CONNECTION, **grant: Any
) -> Overview:
    """One account with its grant and its OAuth client."""
    held = replace(GRANT, **{"account": account, **grant})
    return Overview([connection] if connection else [], [account], [held], [])


def levels(found: Iterable[Finding]) -> list[str]:
    return [finding.level for finding in found]


def only(found: Iterable[Finding]) -> Finding:
    """The one finding that is worse than a note."""
    [bad] = [finding for finding in found if finding.level in ("warning", "problem")]
    assert bad.what_to_do
    return bad


def unknown_commands(advice: str) -> list[str]:
    """Each `evergrant ...` in the text that the command line does not have."""
    top = get_command(build())
    assert isinstance(top, TyperGroup)
    named = re.findall(r"\bevergrant ([a-z]+)(?: ([a-z]+))?", advice)
    return [f"{verb} {sub}" for verb, sub in named if not _exists(top.commands.get(verb), sub)]


def _exists(verb: object, sub: str) -> bool:
    command = verb.loaded() if isinstance(verb, Verb) else None
    return command is not None and (not isinstance(command, TyperGroup) or not sub or sub in command.commands)


def info(mode: int, uid: int = 1000, kind: int = stat.S_IFREG) -> os.stat_result:
    return os.stat_result((kind | mode, 1, 1, 1, uid, uid, 0, 0, 0, 0))
