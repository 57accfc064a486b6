"""`evergrant sandbox` and `evergrant demo`: a provider to practise on, and a day in under a minute."""

import asyncio
import random
import secrets
from typing import Annotated

import typer

from evergrant.cli.output import Exit, JsonOption, output
from evergrant.cli.running import settings
from evergrant.model.clock import SystemClock
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Behaviour, Client, Rotation
from evergrant.sandbox.run import serve

CLIENT_ID = "practice"
SCOPES = ("crm.read", "crm.write")


def sandbox(
    port: Annotated[int, typer.Option(help="Where it listens on 127.0.0.1.")] = 8485,
    token_life: Annotated[int, typer.Option("--token-life", help="Access token life in seconds.")] = 60,
    rotation: Annotated[Rotation, typer.Option(help="What a refresh does to the refresh token.")] = Rotation.STRICT,
    grace: Annotated[float, typer.Option(help="Seconds in which a spent refresh token still works (grace_*).")] = 30.0,
    as_json: bool = JsonOption,
) -> None:
    """Run a provider to practise on: an OAuth server with a tiny CRM. Point any OAuth client at it."""
    out = output(as_json)
    secret = secrets.token_urlsafe(16)
    behaviour = Behaviour(access_token_ttl=token_life, rotation=rotation, grace_s=grace)
    callback = settings(out).redirect_uri
    client = Client(secret, (callback,), SCOPES, behaviour)
    practice = Sandbox({CLIENT_ID: client}, clock=SystemClock(), chance=random.SystemRandom())

    def announce(url: str) -> None:
        out.show(
            {"url": url, "client_id": CLIENT_ID, "client_secret": secret, "redirect_uri": callback},
            f"Sandbox at {url}  (faults and counts: {url}/sandbox/count)\n"
            f"In another terminal:\n"
            f"  echo {secret} | evergrant connections add sandbox --client-id {CLIENT_ID} --client-secret-stdin\n"
            f"  evergrant connect sandbox --alias practice --set origin={url}\n"
            "Ctrl-C stops it; all its data is in memory.",
        )

    try:
        serve(practice, "127.0.0.1", port, announce)
    except OSError:
        out.fail(
            Exit.FAILED, "port_taken", f"Port {port} is taken. Choose another: evergrant sandbox --port {port + 1}"
        )
    except KeyboardInterrupt:
        out.say("Stopped.")


def demo(as_json: bool = JsonOption) -> None:
    """An agent's day over three services in under a minute, with every promise counted by the provider. No network."""
    from evergrant.demo.run import run_demo  # noqa: PLC0415  (no other verb pays for it)

    out = output(as_json)
    try:
        report = asyncio.run(run_demo(None if as_json else out.aside))
    except KeyboardInterrupt:
        out.fail(Exit.FAILED, "cancelled", "Cancelled. Nothing was kept.")
    out.show(report.as_json(), report.as_text())
    if not report.kept:
        raise typer.Exit(Exit.FAILED)
