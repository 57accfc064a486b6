import asyncio
import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from rich.console import Console

from evergrant.demo.facts import Deliveries, ServiceReport
from evergrant.demo.report import Report
from evergrant.demo.run import run_demo
from evergrant.demo.services import SERVICES, Service
from evergrant.sandbox.behaviour import Rotation

HUBSPOT, GOOGLE, SALESFORCE = SERVICES
OFTEN_ENOUGH = "Each service was refreshed as often as its token life demands."
SPOILS: list[tuple[Callable[[ServiceReport], ServiceReport], str]] = [
    (lambda each: replace(each, expired_token_sends=1), "No call was sent with an expired token."),
    (lambda each: replace(each, double_refreshes=1), "No refresh token was spent twice."),
    (lambda each: replace(each, silent_skips=1), "No result was empty where there is data."),
    (lambda each: replace(each, lost_grants=1), "No grant was lost but the one that was revoked."),
    (lambda each: replace(each, rows_wrong=1), "Every row was written exactly once."),
    (lambda each: replace(each, failed={"provider_error": 1}), "No call failed but the ones that were paused."),
    (lambda each: replace(each, refreshes=each.refreshes_least - 1), OFTEN_ENOUGH),
    (lambda each: replace(each, refreshes=each.refreshes_most + 1), OFTEN_ENOUGH),
]


@pytest.fixture(scope="module")
def screen() -> io.StringIO:
    """What the day's progress is written on."""
    return io.StringIO()


@pytest.fixture(scope="module")
def day(screen: io.StringIO) -> Report:
    """A day of six hours, played once for all tests that only read it."""
    return asyncio.run(run_demo(Console(file=screen, force_terminal=True, width=100), hours=6))


def broken(report: Report) -> set[str]:
    """The promises that were not kept."""
    return {promise.text for promise in report.promises if not promise.kept}


def short_day(*services: Service) -> Report:
    """Six hours over other services than the usual ones."""
    return asyncio.run(run_demo(hours=6, services=services))


def test_a_shortened_day_keeps_every_promise(day: Report) -> None:
    assert broken(day) == set()
    assert day.kept


def test_every_service_is_worked_on_and_refreshed(day: Report) -> None:
    for service in day.services:
        assert service.results > 100
        assert service.refreshes >= 1


def test_a_refresh_that_was_killed_is_sent_again_once(day: Report) -> None:
    assert day.crash is not None
    assert (day.crash.killed, day.crash.refreshes_of_victim, day.crash.storm.refreshes) == (True, 1, 1)
    assert [service.resends for service in day.services] == [1, 0, 0]


def test_fifty_calls_after_a_long_sleep_make_one_refresh_for_each_service(day: Report) -> None:
    assert [(storm.service, storm.calls, storm.refreshes) for storm in day.storms] == [
        (service.name, 50, 1) for service in SERVICES
    ]


def test_a_revoked_grant_is_one_event_and_its_calls_go_on_after_the_reconnect(day: Report) -> None:
    assert day.revocation is not None
    assert 0 < day.revocation.paused == day.revocation.resumed
    assert day.revocation.untold == 0
    assert day.revocation.others_went_on > 0
    assert [(event.event, event.service) for event in day.events] == [
        ("agent.auth.reauth_required", SALESFORCE.name),
        ("agent.auth.reauth_completed", SALESFORCE.name),
    ]


def test_every_event_is_delivered(day: Report) -> None:
    assert day.deliveries == Deliveries(events=2, received=2, refused=0)


@pytest.mark.parametrize("made", [Deliveries(2, 1, 0), Deliveries(2, 2, 1)])
def test_a_lost_or_unsigned_event_breaks_its_promise_and_no_other(day: Report, made: Deliveries) -> None:
    assert broken(replace(day, deliveries=made)) == {"Every event reached the operator's web service, signed."}


def test_a_call_that_was_told_before_the_operator_breaks_its_promise(day: Report) -> None:
    assert day.revocation is not None
    spoilt = replace(day, revocation=replace(day.revocation, untold=1))
    assert broken(spoilt) == {"A revocation reached the operator before any call was told of it."}


def test_the_report_survives_json(day: Report) -> None:
    told = json.loads(json.dumps(day.as_json()))
    assert told == day.as_json()
    assert told["kept"] is True
    assert TypeAdapter(Report).validate_python(told) == day


def test_the_text_names_every_promise_and_marks_a_broken_one(day: Report) -> None:
    spoilt = replace(day, storms=())
    page = io.StringIO()
    Console(file=page, width=120).print(spoilt.as_text())
    assert all(promise.text in page.getvalue() for promise in spoilt.promises)
    assert page.getvalue().count("BROKEN") == 1


@pytest.mark.usefixtures("day")
def test_progress_goes_to_the_console_that_is_given(screen: io.StringIO) -> None:
    assert "of 6 virtual hours" in screen.getvalue()


def test_tokens_that_live_shorter_than_stated_break_promises() -> None:
    half = replace(SALESFORCE, behaviour=SALESFORCE.behaviour.model_copy(update={"access_token_ttl": 3600}))
    report = short_day(HUBSPOT, GOOGLE, half)
    assert "No call was sent with an expired token." in broken(report)
    assert not report.kept


def test_a_grace_that_the_provider_does_not_grant_loses_a_grant_and_says_so() -> None:
    strict = replace(HUBSPOT, behaviour=HUBSPOT.behaviour.model_copy(update={"rotation": Rotation.STRICT_FAMILY}))
    lost = {
        "No refresh token was spent twice.",
        "No grant was lost but the one that was revoked.",
        "A refresh that was killed halfway was taken up by the next call.",
    }
    assert lost <= broken(short_day(strict, GOOGLE, SALESFORCE))


@pytest.mark.parametrize(
    ("spoil", "promise"),
    SPOILS,
)
def test_one_wrong_count_breaks_its_promise_and_no_other(
    day: Report, spoil: Callable[[ServiceReport], ServiceReport], promise: str
) -> None:
    first, *others = day.services
    spoilt = replace(day, services=(spoil(first), *others))
    assert broken(spoilt) == {promise}


def test_a_scene_that_was_not_played_breaks_its_promises(day: Report) -> None:
    assert len(broken(replace(day, storms=(), crash=None, revocation=None))) == 4


def test_a_cancelled_day_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def cut_short() -> None:
        async with asyncio.timeout(1):
            await run_demo()

    with pytest.raises(TimeoutError):
        asyncio.run(cut_short())
    assert list(tmp_path.iterdir()) == []


def test_a_day_too_short_for_its_scenes_is_refused() -> None:
    with pytest.raises(ValueError, match="6 to 24 hours"):
        asyncio.run(run_demo(hours=5))
