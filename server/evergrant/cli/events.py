"""`evergrant events`: the outbox, read and followed, for those who have no receiver."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.output import Exit, JsonOption, Output, output, plain
from evergrant.cli.running import run
from evergrant.model.event import EVENT_TYPES, Event, unknown_types
from evergrant.settings import LOCAL_TENANT

AT_A_TIME = 100
LOOK_EVERY_S = 0.5

After = Annotated[int, typer.Option("--after", metavar="SEQ", min=0, help="Only those behind this number.")]
Follow = Annotated[bool, typer.Option("--follow", help="Go on with what happens, until Ctrl-C.")]
Types = Annotated[list[str] | None, typer.Option("--event", metavar="TYPE", help="Only this type; again for more.")]


def events(after: After = 0, event: Types = None, follow: Follow = False, as_json: bool = JsonOption) -> None:
    """Show what happened to grants, oldest first; with --json one object a line."""
    out = output(as_json)
    if unknown := unknown_types(event or ()):
        out.fail(Exit.USAGE, "usage", f"There is no event type {unknown[0]!r}. There are: {', '.join(EVENT_TYPES)}.")

    async def work(app: App) -> None:
        stop = _told_to_stop()
        async for one in _events(app, after, tuple(event or ()), stop, follow=follow):
            _print(out, one)

    run(out, work)


async def _events(
    app: App, after: int, types: tuple[str, ...], stop: asyncio.Event, *, follow: bool
) -> AsyncIterator[Event]:
    while not stop.is_set():
        found = app.outbox.after(LOCAL_TENANT, after, AT_A_TIME, types)
        for one in found:
            yield one
        after = found[-1].seq if found else after
        if not found and not follow:
            return
        if not found:
            await _pause(app, stop)


async def _pause(app: App, stop: asyncio.Event) -> None:
    waits = [asyncio.create_task(_until(stop)), asyncio.create_task(app.machine_clock.sleep(LOOK_EVERY_S))]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


def _told_to_stop() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM, from now on: whoever follows ends so, and it is no failure."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _print(out: Output, event: Event) -> None:
    if out.as_json:
        typer.echo(json.dumps({"id": event.id, "seq": event.seq, **event.data}))
        return
    told = {name: value for name, value in event.data.items() if name not in ("event", "occurred_at", "tenant_id")}
    words = "  ".join(f"{name}={value}" for name, value in told.items())
    typer.echo(plain(f"{event.seq:>6}  {event.occurred_at:%Y-%m-%d %H:%M:%S}  {event.type}  {words}"))
