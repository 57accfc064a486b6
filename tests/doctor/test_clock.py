from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import httpx2
import pytest
from tests.doctor.samples import NOW
from tests.fakes.clock import ManualClock
from typing_extensions import override

from evergrant.doctor.clock import Told, against_the_network, against_the_vault, ask, until_one_answers


class Provider(httpx2.BaseTransport):
    """Answers every request alike, or not at all."""

    def __init__(self, headers: dict[str, str] | None) -> None:
        self.headers = headers
        self.requests: list[httpx2.Request] = []

    @override
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if self.headers is None:
            raise httpx2.ConnectError("no network", request=request)
        return httpx2.Response(404, headers=self.headers, request=request)


def dated(by: timedelta) -> dict[str, str]:
    return {"Date": format_datetime(NOW + by, usegmt=True)}


@pytest.mark.parametrize(
    ("behind", "level"),
    [(None, "ok"), (timedelta(0), "ok"), (timedelta(seconds=59), "ok"), (timedelta(hours=1), "warning")],
)
def test_a_clock_that_was_set_back_is_told_with_the_command_that_sets_it(behind: timedelta | None, level: str) -> None:
    for platform, command in (("linux", "sudo timedatectl set-ntp true"), ("darwin", "sudo sntp -sS time.apple.com")):
        found = against_the_vault(behind, platform)
        assert found.level == level
        assert level == "ok" or command in (found.what_to_do or "")


def test_how_far_it_was_set_back_is_said() -> None:
    assert "60 min" in against_the_vault(timedelta(hours=1), "linux").what


@pytest.mark.parametrize(
    ("headers", "ahead"),
    [
        (dated(timedelta(0)), timedelta(0)),
        (dated(timedelta(minutes=5)), timedelta(minutes=5)),
        (dated(timedelta(minutes=-5)) | {"Age": "300"}, timedelta(0)),
        ({}, None),
        ({"Date": "soon"}, None),
        (dated(timedelta(0)) | {"Age": "x"}, None),
        (None, None),
    ],
)
def test_a_providers_time_is_read_from_any_answer(headers: dict[str, str] | None, ahead: timedelta | None) -> None:
    provider = Provider(headers)
    with httpx2.Client(transport=provider) as http:
        told = ask("api.example", http, ManualClock(NOW))

    assert told == Told("api.example", ahead)
    [request] = provider.requests
    assert (request.method, str(request.url)) == ("HEAD", "https://api.example/")
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    ("told", "level", "said"),
    [
        ([], "note", "No provider is in use"),
        ([Told("a", timedelta(seconds=60))], "ok", "agrees"),
        ([Told("a", timedelta(seconds=-60))], "ok", "agrees"),
        ([Told("a", timedelta(seconds=61))], "warning", "61 s behind that of a"),
        ([Told("a", timedelta(seconds=-3600))], "warning", "60 min ahead of that of a"),
        ([Told("a", None), Told("b", timedelta(0))], "ok", "b"),
        ([Told("a", None), Told("b", None)], "warning", "a, b"),
    ],
)
def test_the_clock_is_judged_by_the_first_provider_that_answers(told: list[Told], level: str, said: str) -> None:
    found = against_the_network(told, "linux")

    assert found.level == level
    assert said in found.what


def test_no_more_providers_are_asked_than_need_be() -> None:
    asked: list[str] = []

    def told(host: str, ahead: timedelta | None) -> Callable[[], Told]:
        def ask_it() -> Told:
            asked.append(host)
            return Told(host, ahead)

        return ask_it

    hosts = [told("a", None), told("b", timedelta(0)), told("c", timedelta(0))]

    assert until_one_answers(each() for each in hosts) == [Told("a", None), Told("b", timedelta(0))]
    assert asked == ["a", "b"]
