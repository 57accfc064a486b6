"""The MCP project's own conformance suite, against our server on a port: every scenario, none excused."""

from pathlib import Path

import pytest
import structlog
from anyio import to_thread
from tests.conformance.app import conforming_server
from tests.conformance.run import Told, suite
from tests.fakes.practice import practice

from evergrant.parts import mcp_parts

# The suite still asks for logs and for sampling, which are deprecated.
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")]
RUNS = {
    "2025-06-18": ("--suite", "all", "--spec-version", "2025-06-18"),
    "2025-11-25": ("--suite", "all", "--spec-version", "2025-11-25"),
    "2026-07-28": ("--suite", "all", "--spec-version", "2026-07-28"),
    "extensions": ("--requirements", "2026-07-28"),
}
FEWEST_SCENARIOS = {"2025-06-18": 25, "2025-11-25": 33, "2026-07-28": 40, "extensions": 50}
CHECKS_NOTHING = {"server-sse-polling", "tasks-status-notifications"}
"""The first recommends a store of events, by which a broken stream is taken up again: the SDK's would mix the streams
of sessions, since it names them by the ids of requests alone. The second skips itself."""
TASKS = {
    "tasks-lifecycle",
    "tasks-capability-negotiation",
    "tasks-wire-fields",
    "tasks-request-state-removal",
    "tasks-mrtr-input",
    "tasks-request-headers",
    "tasks-dispatch-and-envelope",
    "tasks-required-task-error",
    "tasks-mrtr-composition",
}


@pytest.mark.parametrize("run", RUNS)
async def test_every_scenario_of_the_suite_passes(run: str, tmp_path: Path) -> None:
    told = await tell(run, tmp_path)

    assert told.code == 0, told.text
    assert {name for name, (_, failed) in told.scenarios.items() if failed} == set(), told.text
    assert len(told.scenarios) >= FEWEST_SCENARIOS[run]
    assert {name for name, (passed, _) in told.scenarios.items() if not passed} <= CHECKS_NOTHING
    if run == "extensions":
        assert told.scenarios.keys() >= TASKS


async def tell(run: str, folder: Path) -> Told:
    log = structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(0))
    async with practice(folder / "home") as world, conforming_server(mcp_parts(world.app, log)) as url:
        return await to_thread.run_sync(lambda: suite(url, *RUNS[run], folder=folder / "told"))
