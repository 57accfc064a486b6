"""The overnight run of docs/examples: real processes, a grant revoked at hour 4, each step counted at the provider."""

import pytest
from docs.examples.overnight.night import HOURS, play

pytestmark = pytest.mark.anyio


async def test_a_night_whose_agent_is_killed_while_it_waits_ends_complete_with_each_step_done_once() -> None:
    report = await play(kill=True)
    assert [lane.executed_once for lane in report.lanes] == [HOURS] * 3
    assert [(lane.executed_twice, lane.missing) for lane in report.lanes] == [(0, 0)] * 3
    assert [lane.calls_answered for lane in report.lanes] == [2 * HOURS, 2 * HOURS, HOURS]
    assert [lane.expired_token_sends for lane in report.lanes] == [0] * 3
    told = [line.split()[1:] for line in report.events]
    assert told == [
        ["agent.auth.reauth_required", "demo_salesforce"],
        ["agent.auth.reauth_completed", "demo_salesforce"],
    ]
    # The two calls of hour 4, told again by the process that was started again.
    assert (report.pauses, report.complete) == (4, True)
