"""`evergrant sandbox`: a provider to practise on."""

import json
import random
import secrets
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import ValidationError

from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.running import settings
from evergrant.model.clock import SystemClock
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Behaviour, Client, Rotation
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.sandbox.run import serve
from evergrant.settings import LOCAL_TENANT

CLIENT_ID = "practice"
SCOPES = ("crm.read", "crm.write")
KINDS = ", ".join(FaultKind)

Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help=f"Any of: {', '.join(Behaviour.model_fields)}."),
]
Faults = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="KIND[:SHARE]", help=f"On token requests, at that share of them. Kinds: {KINDS}."),
]


def sandbox(
    port: Annotated[int, typer.Option(help="Where it listens on 127.0.0.1.", min=1, max=65535)] = 8485,
    token_life: Annotated[int, typer.Option("--token-life", help="Access token life in seconds.")] = 60,
    rotation: Annotated[Rotation, typer.Option(help="What a refresh does to the refresh token.")] = Rotation.STRICT,
    more: Sets = None,
    fault: Faults = None,
    as_json: bool = JsonOption,
) -> None:
    """Run a provider to practise on: an OAuth server with a tiny CRM. Point any OAuth client at it.

    What happened is counted, at /sandbox/count while it runs and here at its end.
    """
    out = output(as_json)
    secret = secrets.token_urlsafe(16)
    callback = settings(out).redirect_uri(LOCAL_TENANT, "sandbox")
    behaviour = _behaviour(out, {"access_token_ttl": str(token_life), "rotation": rotation.value}, more or [])
    client = Client(secret, (callback,), SCOPES, behaviour)
    practice = Sandbox({CLIENT_ID: client}, clock=SystemClock(), chance=random.SystemRandom())
    for each in fault or []:
        practice.faults.add(_fault(out, each))

    def announce(url: str) -> None:
        out.show(
            {"url": url, "client_id": CLIENT_ID, "client_secret": secret, "redirect_uri": callback},
            f"Sandbox at {url}\n"
            f"  client ID      {CLIENT_ID}\n"
            f"  client secret  {secret}\n"
            f"In another terminal, which asks for both:\n"
            f"  evergrant connect sandbox --alias practice --set origin={url}\n"
            "Ctrl-C stops it and shows the counts; all its data is in memory.",
        )

    try:
        with suppress(KeyboardInterrupt):
            serve(practice, "127.0.0.1", port, announce)
    except OSError:
        out.fail(Exit.FAILED, "port_taken", f"Port {port} is taken. Try: evergrant sandbox --port {port + 1}")
    counts = asdict(practice.count)
    out.show({"count": counts}, json.dumps(counts, indent=2))


def _behaviour(out: Output, usual: dict[str, str], more: list[str]) -> Behaviour:
    given = {name: value for name, _, value in (text.partition("=") for text in more)}
    try:
        return Behaviour.model_validate({**usual, **given})
    except ValidationError as error:
        fault = error.errors()[0]
        out.fail(Exit.USAGE, "bad_value", f"--set {fault['loc'][0]}: {fault['msg']}. See: evergrant sandbox --help")


def _fault(out: Output, text: str) -> Fault:
    kind, _, share = text.partition(":")
    try:
        return Fault.model_validate({"kind": kind, "probability": share or 1, "times": None})
    except ValidationError as error:
        out.fail(Exit.USAGE, "bad_value", f"--fault {text}: {error.errors()[0]['msg']}. Kinds: {KINDS}.")
