"""`evergrant doctor`: what is wrong with this vault, its server and this machine, and what to do about each."""

import json
import os
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated

import httpx2
import typer
from pydantic import ValidationError
from rich.text import Text

import evergrant
from evergrant.catalog.catalog import Catalog, data_folder, folders
from evergrant.cli.clients import CLIENTS, ConfigRefused, McpClient, told
from evergrant.cli.install import SERVER_NAME, command_path
from evergrant.cli.output import Exit, JsonOption, Output, output, plain
from evergrant.cli.passphrase import ask_passphrase
from evergrant.cli.running import explained
from evergrant.cli.server import CannotListen, bind, runs_here
from evergrant.doctor.clients import ClientFile
from evergrant.doctor.examination import Group, examine, examine_machine
from evergrant.doctor.finding import Finding, Level, problem
from evergrant.doctor.holder import holder
from evergrant.doctor.machine import installed_versions, pinned_versions
from evergrant.doctor.outside import Machine, Outside
from evergrant.model.clock import SystemClock, boot_id
from evergrant.paths import home_folder
from evergrant.settings import Settings
from evergrant.store.folder import FolderRefused, check_folder
from evergrant.store.mounts import mounts
from evergrant.vault.sources.keychain import system_keychain

Offline = Annotated[bool, typer.Option("--offline", help="Ask nobody beyond this machine.")]
PACKAGE = Path(evergrant.__file__).parent
LOOKED_AT = ("claude-desktop", "claude-code")
WITH_ADVICE: tuple[Level, ...] = ("warning", "problem")
INDENT = " " * 9
COLOURS: dict[Level, str] = {"ok": "green", "note": "cyan", "warning": "yellow", "problem": "red"}


def doctor(offline: Offline = False, as_json: bool = JsonOption) -> None:
    """Look for what is wrong with the vault, its server and this machine, and say what to do. Changes nothing."""
    out = output(as_json)
    groups: list[Group] = []
    for group in _examined(offline=offline):
        groups.append(group)
        if not as_json:
            _show(out, group)
    findings = [finding for group in groups for finding in group.findings]
    if as_json:
        out.out.print_json(json.dumps([finding.as_json() for finding in findings]))
    else:
        _conclude(out, findings)
    if _count(findings, "problem"):
        raise typer.Exit(Exit.FAILED)


def _examined(*, offline: bool) -> Iterable[Group]:
    try:
        settings = Settings()
    except ValidationError as error:
        fault = problem("settings", explained(error), "Correct it or unset it, then: evergrant doctor")
        return [examine_machine(_machine()), Group("Settings", [fault])]
    return examine(settings, _outside(settings), offline=offline)


def _outside(settings: Settings) -> Outside:
    catalog = folders(PACKAGE, settings.connector_path)
    return Outside(
        machine=_machine(),
        clock=SystemClock(),
        lstat=os.lstat,
        free=lambda folder: shutil.disk_usage(folder).free,
        writable=lambda folder: os.access(folder, os.W_OK),
        find_keychain=system_keychain,
        given=settings.given(ask_passphrase if sys.stdin.isatty() else None),
        running=lambda: runs_here(settings),
        bind=lambda: _why_not(settings),
        holder=holder,
        network=httpx2.Client,
        here=_here,
        folder=_refused,
        catalog=lambda: Catalog(catalog, lenient=True),
        clients=_clients,
        command=command_path,
        usual_home=home_folder({}),
    )


def _here() -> httpx2.Client:
    """Without the system's certificates, which take long to load, since it goes to plain HTTP on loopback."""
    return httpx2.Client(
        transport=httpx2.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)), trust_env=False
    )


def _machine() -> Machine:
    return Machine(
        platform=sys.platform,
        python=sys.version_info[:3],
        python_path=sys.executable,
        sqlite=sqlite3.sqlite_version_info,
        uid=os.getuid(),
        boot_id=boot_id(),
        installed=lambda: installed_versions(metadata.requires("evergrant") or []),
        tested=lambda: pinned_versions(data_folder(PACKAGE) / "constraints.txt"),
        ours=metadata.version("evergrant"),
    )


def _refused(folder: Path) -> str | None:
    try:
        check_folder(folder, mounts)
    except FolderRefused as refused:
        return str(refused)
    return None


def _why_not(settings: Settings) -> str | None:
    try:
        bind(settings.host, settings.port).close()
    except CannotListen as error:
        return str(error)
    return None


def _clients() -> list[ClientFile]:
    return [_told(CLIENTS[name]) for name in LOOKED_AT]


def _told(client: McpClient) -> ClientFile:
    path = client.locate(sys.platform, Path.home(), os.environ)  # noqa: TID251  (where the other program's file lies)
    try:
        return ClientFile(client.name, client.title, path, told(client, path, SERVER_NAME))
    except ConfigRefused as refused:
        return ClientFile(client.name, client.title, path, fault=str(refused))


def _show(out: Output, group: Group) -> None:
    """A line for each finding."""
    out.out.print(f"\n{group.title}", style="bold", highlight=False, markup=False)
    for finding in group.findings:
        advice = f" {finding.what_to_do}" if finding.level == "note" and finding.what_to_do else ""
        _line(out, finding.level, f"{finding.check}: {finding.what}{advice}")


def _conclude(out: Output, findings: Sequence[Finding]) -> None:
    """What to do, problems last, where a person's eye rests; then the count."""
    told = [finding for level in WITH_ADVICE for finding in findings if finding.level == level]
    if told:
        out.out.print("\nWhat to do", style="bold", highlight=False, markup=False)
    for finding in told:
        _line(out, finding.level, f"{finding.check}: {finding.what}\n{INDENT}{finding.what_to_do}")
    out.out.print(f"\n{_counted(findings, 'problem')}, {_counted(findings, 'warning')}", highlight=False, markup=False)


def _line(out: Output, level: Level, text: str) -> None:
    line = Text.assemble((f"{level:<9}", COLOURS[level]), plain(text))
    out.out.print(line, soft_wrap=True, highlight=False)


def _counted(findings: Sequence[Finding], level: Level) -> str:
    number = _count(findings, level)
    return f"{number} {level}{'' if number == 1 else 's'}"


def _count(findings: Sequence[Finding], level: Level) -> int:
    return sum(finding.level == level for finding in findings)
