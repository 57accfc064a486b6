"""Emulators of Google, GitHub and Slack that this project did not write, as a process for one test or module."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter
from tests.fakes.node_server import node_server

SERVER = Path(__file__).parent / "emulate" / "server.mjs"
ADDRESSES = TypeAdapter(dict[str, str])


@contextmanager
def emulate_server(services: Mapping[str, object]) -> Generator[Mapping[str, str]]:
    """Starts the emulators on free loopback ports and stops them on exit; gives the address of each.

    `services` is what `emulate/server.mjs` takes. Raises RuntimeError where they do not start.
    """
    with node_server(SERVER, services) as line:
        yield ADDRESSES.validate_json(line)
