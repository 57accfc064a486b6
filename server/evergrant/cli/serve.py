"""`evergrant serve`, `mcp`, `status` and `token`: the server of one vault, and how clients find it."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from structlog.typing import FilteringBoundLogger

from evergrant.app import App, mcp_parts, web_app
from evergrant.cli.clients import CLIENTS, add_command, entry, snippet
from evergrant.cli.install import SERVER_NAME, command_path, vault_home
from evergrant.cli.logs import configure
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.running import run, settings
from evergrant.cli.server import CannotListen, Running, listening, runs_here, server_lock, write_running
from evergrant.entry import socket
from evergrant.entry.jobs import job_set
from evergrant.entry.mcp.http import bearer_tenant
from evergrant.entry.mcp.server import make_server
from evergrant.entry.mcp.stream import serve_stdio
from evergrant.model.json import Json
from evergrant.paths import socket_path
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.vault.bearer import local_bearer

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    port: Annotated[int | None, typer.Option(help="Where the pages, the callback and /mcp are. Default 8484.")] = None,
    background: Annotated[bool, typer.Option("--background", help="Say nothing but to the log.")] = False,
    as_json: bool = JsonOption,
) -> None:
    """Run the server of the vault: MCP, pages, OAuth callback, and the jobs that keep grants alive."""
    out = output(as_json)
    configured = settings(out)
    if port is not None:
        configured = configured.model_copy(update={"port": port})
    if configured.host not in LOOPBACK:
        out.fail(Exit.USAGE, "not_loopback", "The server listens on loopback only: unset EVERGRANT_HOST.")
    if running := runs_here(configured):
        _already(out, running)
    log = configure(configured.log_level)

    async def work(app: App) -> None:
        await _serve(app, out, log, quiet=background)

    try:
        run(out, work, configured)
    except CannotListen as error:
        again = f"evergrant serve --port {configured.port + 1}"
        hint = f"{error} Another program has it, perhaps. Choose another: {again}\nRedirect URIs that name port "
        out.fail(Exit.FAILED, "port_taken", f"{hint}{configured.port} must then be changed at the providers too.")


def mcp(
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Serve from this process instead of joining the vault's server.")
    ] = False,
) -> None:
    """Speak MCP on standard input and output: what a client starts. Joins the server, or starts one."""
    out = output(False)
    configured = settings(out)
    log = configure(configured.log_level)

    async def work(app: App) -> None:
        scheduler = job_set(app.schedule.tick, app.clock, log)
        scheduler.start()
        try:
            await serve_stdio(make_server(mcp_parts(app, log), lambda: LOCAL_TENANT))
        finally:
            scheduler.shutdown(wait=False)

    if not in_process:
        out.fail(Exit.USAGE, "usage", "Without options the command is just: evergrant mcp")
    run(out, work, configured)


def status(as_json: bool = JsonOption) -> None:
    """Say whether the server runs, where the vault and its key lie, and how the accounts stand."""
    out = output(as_json)
    configured = settings(out)
    running = runs_here(configured)

    async def work(app: App) -> dict[str, Json]:
        states = [account.state for account in app.accounts.all(LOCAL_TENANT)]
        return {
            "server": {"url": running.url, "pid": running.pid} if running else None,
            "vault": str(app.vault.file),
            "key": app.vault.key.where,
            "accounts": {state: states.count(state) for state in sorted(set(states))},
        }

    found = run(out, work, configured)
    served = f"runs at {running.url} (process {running.pid})" if running else "does not run; start it: evergrant serve"
    text = f"server    {served}\nvault     {found['vault']}\nkey       {found['key']}\naccounts  {found['accounts']}"
    out.show(found, text)


def token(as_json: bool = JsonOption) -> None:
    """Print the bearer token for MCP over HTTP at /mcp. It opens every account of this vault: keep it."""
    out = output(as_json)

    async def work(app: App) -> str:
        return local_bearer(app.vault.key).reveal()

    bearer = run(out, work)
    out.show({"token": bearer}, bearer)


async def _serve(app: App, out: Output, log: FilteringBoundLogger, *, quiet: bool) -> None:
    lock = server_lock(app.settings.home)
    if not lock.try_acquire():
        _already(out, runs_here(app.settings) or Running(0, app.settings.url))
    parts = mcp_parts(app, log)
    web = web_app(app, make_server(parts, bearer_tenant), lambda: snippets(app.settings))
    scheduler = job_set(app.schedule.tick, app.clock, log)
    path = socket_path(app.settings.home)
    try:
        async with (
            listening(web, app.settings.host, app.settings.port),
            socket.listening(path, make_server(parts, lambda: LOCAL_TENANT), log),
        ):
            write_running(app.settings.home, app.settings.url)
            scheduler.start()
            if not quiet:
                _announce(app, out)
            log.info("serving", url=app.settings.url)
            await _until_told_to_stop()
            scheduler.shutdown(wait=False)
    finally:
        lock.release()


async def _until_told_to_stop() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _announce(app: App, out: Output) -> None:
    texts = snippets(app.settings)
    said: dict[str, Json] = {
        "url": app.settings.url,
        "vault": str(app.vault.file),
        "key": app.vault.key.where,
        "snippets": dict(texts),
    }
    blocks = "\n\n".join(f"{title}\n{text}" for title, text in texts.items())
    out.show(
        said,
        f"Evergrant is running at {app.settings.url}\n"
        f"  vault  {app.vault.file}\n"
        f"  key    {app.vault.key.where}\n\n{blocks}\n\n"
        "Next, in another terminal: evergrant demo, or evergrant connect hubspot. Ctrl-C stops the server.",
    )
    sys.stdout.flush()


def snippets(configured: Settings) -> Mapping[str, str]:
    """What to tell each client, ready to paste."""
    desktop, command, home = CLIENTS["claude-desktop"], command_path(), vault_home()
    where = desktop.locate(sys.platform, Path.home(), {})
    return {
        f"Claude Desktop (or run: evergrant install claude-desktop) - {where}": snippet(
            desktop, entry(command, home), SERVER_NAME
        ),
        "Claude Code": add_command(command, home, sys.platform, SERVER_NAME),
        "Any client over HTTP": (
            f"{configured.url}/mcp with the header  Authorization: Bearer <what `evergrant token` prints>"
        ),
    }


def _already(out: Output, running: Running) -> None:
    out.fail(
        Exit.FAILED,
        "already_running",
        f"A server of this vault runs already at {running.url} (process {running.pid}). "
        "Use it as it is, or set EVERGRANT_HOME to serve another vault.",
    )
