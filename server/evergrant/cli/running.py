"""Run one command's work on the app, and turn every failure it may meet into words and an exit code."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from pydantic import ValidationError

from evergrant.app import App, open_app
from evergrant.catalog.catalog import UnknownConnector
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.toolsets import BadToolsets, UnknownToolset
from evergrant.cli.clients import ConfigRefused
from evergrant.cli.logs import Logs, configure, loop_failure
from evergrant.cli.output import Exit, Output
from evergrant.cli.passphrase import ask_passphrase
from evergrant.cli.server import running_port
from evergrant.cli.tracing import NoExporter
from evergrant.entry.private_socket import SocketUnavailable
from evergrant.events.target import BadTarget
from evergrant.model.live import LiveSecrets
from evergrant.service.accounts import CannotRename, NoSuchAccount
from evergrant.service.connect import CannotConnect
from evergrant.service.consent import ConsentFailed
from evergrant.service.registry import CannotAdd
from evergrant.service.tenants import BadTenant, CannotRemoveTenant, NoSuchTenant
from evergrant.service.webhooks import CannotAddWebhook, NoSuchWebhook
from evergrant.settings import Settings
from evergrant.store.database import StoreUnavailable, TenantGone
from evergrant.store.folder import FolderRefused
from evergrant.surroundings import Surroundings, real_world
from evergrant.vault.connections import ConnectionInUse
from evergrant.vault.copies import CannotCopy
from evergrant.vault.epoch import RESTORED, is_restored
from evergrant.vault.restore import CannotRestore
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.rotation import RotationUnderWay
from evergrant.vault.seal import SealBroken

T = TypeVar("T")

ENDINGS: dict[type[Exception], tuple[Exit, str]] = {
    KeyUnavailable: (Exit.FAILED, "key_unavailable"),
    StoreUnavailable: (Exit.FAILED, "store_unavailable"),
    TenantGone: (Exit.NOT_CONNECTED, "not_found"),
    FolderRefused: (Exit.FAILED, "folder_refused"),
    SealBroken: (Exit.FAILED, "seal_broken"),
    DeclarationError: (Exit.USAGE, "bad_connector"),
    UnknownConnector: (Exit.USAGE, "unknown_connector"),
    UnknownToolset: (Exit.USAGE, "unknown_toolset"),
    BadToolsets: (Exit.USAGE, "bad_toolsets"),
    CannotAdd: (Exit.USAGE, "cannot_add"),
    CannotRename: (Exit.USAGE, "cannot_rename"),
    CannotConnect: (Exit.NOT_CONNECTED, "cannot_connect"),
    ConnectionInUse: (Exit.FAILED, "connection_in_use"),
    ConsentFailed: (Exit.NOT_CONNECTED, "consent_failed"),
    RotationUnderWay: (Exit.FAILED, "rotation_under_way"),
    CannotCopy: (Exit.FAILED, "cannot_copy"),
    CannotRestore: (Exit.FAILED, "cannot_restore"),
    NoExporter: (Exit.FAILED, "no_exporter"),
    NoSuchAccount: (Exit.NOT_CONNECTED, "not_found"),
    NoSuchTenant: (Exit.NOT_CONNECTED, "not_found"),
    BadTenant: (Exit.USAGE, "cannot_make"),
    CannotRemoveTenant: (Exit.FAILED, "cannot_remove"),
    BadTarget: (Exit.USAGE, "bad_target"),
    CannotAddWebhook: (Exit.USAGE, "cannot_add"),
    NoSuchWebhook: (Exit.NOT_CONNECTED, "not_found"),
    SocketUnavailable: (Exit.FAILED, "socket_unavailable"),
    ConfigRefused: (Exit.FAILED, "config_refused"),
}


def run(
    out: Output, work: Callable[[App], Awaitable[T]], configured: Settings | None = None, logs: Logs | None = None
) -> T:
    """What `work` returns, on the vault of the settings given, else of the environment's."""
    chosen = configured or settings(out)
    told = logs or configure(chosen.log_level)
    return ending(out, lambda: asyncio.run(_on_app(out, chosen, told, work)))


def ending(out: Output, work: Callable[[], T]) -> T:
    """What `work` returns; where it fails as commands do, the command ends."""
    try:
        return work()
    except tuple(ENDINGS) as error:
        code, kind = next(ENDINGS[known] for known in type(error).__mro__ if known in ENDINGS)
        out.fail(code, kind, str(error))


def settings(out: Output) -> Settings:
    """The environment's settings, at the port of the vault's server if one runs; a bad setting ends the command."""
    try:
        configured = Settings()
        return configured.model_copy(update={"port": port}) if (port := running_port(configured)) else configured
    except ValidationError as error:
        out.fail(Exit.USAGE, "bad_setting", explained(error))


def explained(error: ValidationError) -> str:
    """Which settings cannot be used, and why; never what they were set to."""
    fields = ", ".join(f"EVERGRANT_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
    return f"A setting cannot be used: {fields}."


def person_world(live: LiveSecrets | None = None) -> Surroundings:
    """The real world, with the person who sits at the terminal, if one does; `live` is what the log is cleared by."""
    return replace(real_world(live), ask_passphrase=ask_passphrase if sys.stdin.isatty() else None)


async def _on_app(out: Output, configured: Settings, logs: Logs, work: Callable[[App], Awaitable[T]]) -> T:
    asyncio.get_running_loop().set_exception_handler(loop_failure(logs.log))
    world = person_world(logs.live)
    async with open_app(configured, world) as app:
        for warning in app.vault.key.warnings:
            out.say(f"Warning: {warning}")
        if is_restored(app.vault.database, app.vault.ring):
            out.say(f"Warning: {RESTORED}")
        return await work(app)
