"""Serving a vault: what `evergrant serve` runs."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from evergrant.app import App
from evergrant.cli.clients import CLIENTS, add_command, entry, snippet
from evergrant.cli.install import SERVER_NAME, command_path, vault_home, vault_settings
from evergrant.cli.jobs import jobs
from evergrant.cli.listening import listening
from evergrant.cli.output import Output
from evergrant.cli.server import AlreadyRunning, Running, runs_here, server_lock, write_running
from evergrant.cli.settling import settle
from evergrant.entry import socket
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.json import Json
from evergrant.parts import local_principal, mcp_parts
from evergrant.paths import socket_path
from evergrant.settings import Settings
from evergrant.surface import web_app
from evergrant.vault.epoch import RESTORED, is_restored


async def serve(app: App, out: Output, log: FilteringBoundLogger, *, quiet: bool) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Raises AlreadyRunning, CannotListen, SocketUnavailable, UnknownToolset, BadToolsets.
    """
    parts = mcp_parts(app, log)
    lock = server_lock(app.settings.home)
    if not lock.try_acquire():
        raise AlreadyRunning(runs_here(app.settings) or Running(0, app.settings.url))
    web = web_app(app, make_server(parts, bearer_principal), lambda: snippets(app.settings), log)
    path = socket_path(app.settings.home)
    stop = _told_to_stop()
    try:
        async with (
            listening(web, app.settings.host, app.settings.port),
            socket.listening(path, make_server(parts, lambda: local_principal(app)), log),
            jobs(app, log),
        ):
            write_running(app.settings.home, app.settings.url)
            if not quiet:
                _announce(app, out)
            log.info("serving", url=app.settings.url)
            if is_restored(app.vault.database, app.vault.ring):
                log.warning(RESTORED)
            settle()
            await stop.wait()
    finally:
        lock.release()


def _told_to_stop() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM, from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _announce(app: App, out: Output) -> None:
    texts = snippets(app.settings)
    said: dict[str, Json] = {
        "url": app.settings.url,
        "vault": str(app.vault.file),
        "key": app.vault.key.where,
        "restored": is_restored(app.vault.database, app.vault.ring),
        "snippets": dict(texts),
    }
    blocks = "\n\n".join(f"{title}\n{text}" for title, text in texts.items())
    out.show(
        said,
        f"Evergrant is running at {app.settings.url}\n"
        f"  vault  {app.vault.file}\n"
        f"  key    {app.vault.key.where}\n\n{blocks}\n\n"
        f"Next, in another terminal:\n  {command_path()} demo\n"
        f"  {command_path()} connect hubspot\nCtrl-C stops the server.",
    )
    sys.stdout.flush()


def snippets(configured: Settings) -> Mapping[str, str]:
    """What to tell each client, ready to paste."""
    desktop, command, home = CLIENTS["claude-desktop"], command_path(), vault_home()
    where = desktop.locate(sys.platform, Path.home(), {})
    return {
        f"Claude Desktop (or run: evergrant install claude-desktop) - {where}": snippet(
            desktop, entry(command, home, vault_settings()), SERVER_NAME
        ),
        "Claude Code": add_command(command, home, sys.platform, SERVER_NAME, settings=vault_settings()),
        "Any client over HTTP": (
            f"{configured.url}/mcp with the header  Authorization: Bearer <what `evergrant token` prints>"
        ),
    }
