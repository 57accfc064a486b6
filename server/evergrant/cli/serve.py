"""`evergrant serve`, `mcp`, `status` and `token`: the server of one vault, and how clients find it."""

from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.logs import configure
from evergrant.cli.output import Exit, JsonOption, output
from evergrant.cli.running import run, settings
from evergrant.cli.server import AlreadyRunning, CannotListen, runs_here
from evergrant.cli.tracing import sending_spans
from evergrant.cli.webhooks_render import endpoints_text
from evergrant.model.json import Json
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.bearer import local_bearer
from evergrant.vault.epoch import is_restored

Port = Annotated[int | None, typer.Option(help="Of the pages, the callback and /mcp. Default 8484.", min=1, max=65535)]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    port: Port = None,
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
    logs = configure(configured.log_level)

    async def work(app: App) -> None:
        from evergrant.cli.serving import serve as serve_app  # noqa: PLC0415  (no other verb pays for the MCP SDK)

        with sending_spans(wished=configured.otel):
            await serve_app(app, out, logs.log, quiet=background)

    try:
        if running := runs_here(configured):
            raise AlreadyRunning(running)
        run(out, work, configured, logs)
    except AlreadyRunning as error:
        out.fail(Exit.FAILED, "already_running", str(error))
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
    logs = configure(configured.log_level)

    async def work(app: App) -> None:
        from evergrant.cli.in_process import in_process as serve_in_process  # noqa: PLC0415  (as of serve)

        with sending_spans(wished=configured.otel):
            await serve_in_process(app, logs.log)

    if not in_process:
        out.fail(Exit.USAGE, "usage", "Without options the command is just: evergrant mcp")
    run(out, work, configured, logs)


def status(as_json: bool = JsonOption) -> None:
    """Say whether the server runs, where the vault and its key lie, and how the accounts stand."""
    out = output(as_json)
    configured = settings(out)
    running = runs_here(configured)

    async def work(app: App) -> tuple[dict[str, Json], str]:
        states = [account.state for account in app.accounts.all(LOCAL_TENANT)]
        endpoints = app.webhooks.endpoints.all(LOCAL_TENANT)
        return {
            "server": {"url": running.url, "pid": running.pid} if running else None,
            "vault": str(app.vault.file),
            "key": app.vault.key.where,
            "restored": is_restored(app.vault.database, app.vault.ring),
            "accounts": {state: states.count(state) for state in sorted(set(states))},
            "webhooks": [one.as_json() for one in endpoints],
        }, endpoints_text(endpoints)

    found, webhooks = run(out, work, configured)
    counted = found["accounts"]
    states = ", ".join(f"{number} {state}" for state, number in counted.items()) if isinstance(counted, dict) else ""
    served = f"runs at {running.url} (process {running.pid})" if running else "does not run; start it: evergrant serve"
    text = f"server    {served}\nvault     {found['vault']}\nkey       {found['key']}\naccounts  {states or 'none yet'}"
    out.show(found, f"{text}\nwebhooks  {webhooks}")


def token(as_json: bool = JsonOption) -> None:
    """Print the bearer token for MCP over HTTP at /mcp. It opens every account of this vault: keep it."""
    out = output(as_json)

    async def work(app: App) -> str:
        return local_bearer(app.vault.key.ring).reveal()

    bearer = run(out, work)
    out.show({"token": bearer}, bearer)
