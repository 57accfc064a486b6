"""Emulators of Google, GitHub and Slack that this project did not write, as a process for one test or module."""

import json
import select
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter
from tests.fakes.oidc_provider import installed_node

SERVER = Path(__file__).parent / "emulate" / "server.mjs"
SECONDS_TO_START = 30.0
ADDRESSES = TypeAdapter(dict[str, str])


@contextmanager
def emulate_server(services: Mapping[str, object]) -> Generator[Mapping[str, str]]:
    """Starts the emulators on free loopback ports and stops them on exit; gives the address of each.

    `services` is what `emulate/server.mjs` takes. Raises RuntimeError where they do not start.
    """
    command = [installed_node(), str(SERVER), json.dumps(services)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield ADDRESSES.validate_json(_ready_line(process))
        finally:
            process.kill()


def _ready_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], SECONDS_TO_START)
    line = process.stdout.readline() if readable else b""
    if not line:
        raise RuntimeError(f"{SERVER.name} did not become ready; its messages are on standard error.")
    return line
