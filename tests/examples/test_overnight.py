"""The overnight run of docs/examples: real processes, a grant revoked at hour 4, each step counted at the provider."""

import pytest
from docs.examples.overnight.night import HOURS, play

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kill", [False, True], ids=["one process", "killed while it waits"])
async def test_the_night_ends_complete_with_each_step_executed_once(*, kill: bool) -> None:
    report = await play(kill=kill)
    assert [lane.executed_once for lane in report.lanes] == [HOURS] * 3
    assert [(lane.executed_twice, lane.missing) for lane in report.lanes] == [(0, 0)] * 3
    assert [lane.calls_answered for lane in report.lanes] == [16, 16, 8]
    assert [lane.expired_token_sends for lane in report.lanes] == [0] * 3
    assert report.events == (
        "02:00  agent.auth.reauth_required  demo_salesforce",
        "05:00  agent.auth.reauth_completed  demo_salesforce",
    )
    # The two calls of hour 4, told again by the process that was started again.
    assert (report.pauses, report.complete) == (4 if kill else 2, True)
