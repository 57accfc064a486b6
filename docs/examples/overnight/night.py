"""The night: Salesforce is revoked at hour 4, its person comes back at hour 7, and the run ends complete."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from docs.examples.overnight.agent import HUBSPOT, LANES, SALESFORCE, SHEETS
from docs.examples.overnight.report import Report, Told, report
from docs.examples.overnight.stage import Stage, service, stage

from evergrant.demo.connecting import consent
from evergrant.model.clock import SystemClock

HOURS = 8
REVOKED_AT, KILLED_AT, BACK_AT = 4, 6, 7
DEADLINE_S = 120.0
AGENT = Path(__file__).with_name("agent.py")


async def play(*, kill: bool = False) -> Report:
    """Play the night; with `kill`, the agent is killed (SIGKILL) while it waits, and started again an hour later."""
    watch = SystemClock()
    began = watch.monotonic()
    async with stage() as made:
        told = await _night(made, kill=kill)
        return report(made, told, HOURS, killed=kill, wall_s=watch.monotonic() - began)


@asynccontextmanager
async def _agent(made: Stage, told: Told) -> AsyncGenerator[Process]:
    """The agent in a process of its own, with the same checkpoints each time; what it says goes to `told`."""
    command = (sys.executable, str(AGENT), str(made.folder / "checkpoints.db"), made.url, str(HOURS))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVERGRANT_")}  # noqa: TID251
    env = {**kept, "LANGSMITH_TRACING": "false", "EVERGRANT_URL": made.url, "EVERGRANT_TOKEN": made.token.reveal()}
    agent = await asyncio.create_subprocess_exec(*command, env=env, stdin=DEVNULL, stdout=PIPE, start_new_session=True)
    listening = asyncio.create_task(_listen(agent.stdout, told))
    try:
        yield agent
        await listening
    finally:
        if agent.returncode is None:
            agent.kill()
        await agent.wait()
        listening.cancel()


async def _listen(lines: asyncio.StreamReader | None, told: Told) -> None:
    if lines is None:
        raise ValueError("the agent has no standard output")
    async for line in lines:
        told.hear(json.loads(line))


async def _night(made: Stage, *, kill: bool) -> Told:
    told = Told()
    async with asyncio.timeout(DEADLINE_S):
        async with _agent(made, told) as agent:
            for hour in range(1, REVOKED_AT):
                await _hour(made, hour, LANES)
            made.sandbox.revoke(client_id=SALESFORCE)
            for hour in range(REVOKED_AT, KILLED_AT):
                await _hour(made, hour, (HUBSPOT, SHEETS))
            await told.waits.wait()
            if kill:
                agent.kill()
            else:
                await _morning(made, agent)
        if kill:
            async with _agent(made, told) as again:
                await _morning(made, again)
    return told


async def _morning(made: Stage, agent: Process) -> None:
    for hour in range(KILLED_AT, BACK_AT + 1):
        await _hour(made, hour, (HUBSPOT, SHEETS))
    await consent(made.app, service(SALESFORCE), made.app.links.reauth(made.accounts[SALESFORCE].key))
    await made.hours.reached(SALESFORCE, HOURS)  # it has caught up
    await made.begin(HOURS)
    await agent.wait()


async def _hour(made: Stage, hour: int, lanes: tuple[str, ...]) -> None:
    """One hour, until these lanes have done their steps of it."""
    await made.begin(hour)
    for lane in lanes:
        await made.hours.reached(lane, hour + 1)
