"""Every failure that the server has is an exception of its own, with all that was said."""

import json
import random
from dataclasses import dataclass, field, fields
from typing import Any, cast

import httpx2
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from tests.fakes.clock import ManualClock
from tests.fakes.command import free_port
from tests.fakes.practice import START

from evergrant import Evergrant
from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Given, Operation
from evergrant.entry.api.problem import answer, of_failure, problem
from evergrant.entry.door import Door
from evergrant.model.outcome import (
    FAILURES,
    ConfirmationRequired,
    Failure,
    ProviderUnavailable,
    RateLimited,
    ReauthRequired,
    Result,
)
from evergrant.model.principal import Principal
from evergrant.sdk import errors
from evergrant.service.standing import Standing

TOKEN = "good"
pytestmark = pytest.mark.anyio


def _no_services(who: Principal) -> Standing:
    """The routes of the script ask none."""
    return Standing(who, *(cast("Any", None) for _ in range(4)))


async def _known(token: str) -> Principal | None:
    return Principal("tnt_local") if token == TOKEN else None


OPERATION = Operation("Answer", Given, "tests")


@dataclass
class Script:
    """A server that gives these answers, one after another; an exception is a connection that breaks."""

    answers: list[Response | Exception]
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    keys: list[str | None] = field(default_factory=list[str | None])
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))

    waits: list[float] = field(default_factory=list[float])
    """What requests wanted to be waited for; each takes `takes_s`."""
    takes_s: float = 0

    def client(self, token: str = TOKEN) -> Evergrant:
        log = structlog.get_logger()
        api = Api(Door(_known, log), _no_services, log)
        paths = ("/execute", "/calls/{id}/resume")
        routes = [api.agent_route(path, "POST", self._next, OPERATION) for path in paths]
        transport = httpx2.ASGITransport(Starlette(routes=routes))
        return Evergrant("http://localhost", token, transport=_Breaking(transport, self), clock=self.clock)

    async def _next(self, request: Request, _who: Standing) -> Response:
        self.waits.append((await request.json()).get("wait"))
        self.clock.advance(self.takes_s)
        now = self.answers.pop(0)
        assert isinstance(now, Response)
        return now


class _Breaking(httpx2.AsyncBaseTransport):
    def __init__(self, inner: httpx2.AsyncBaseTransport, script: Script) -> None:
        self._inner, self._script = inner, script

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._script.asked.append((request.method, request.url.path))
        self._script.keys.append(request.headers.get("Idempotency-Key"))
        if isinstance(self._script.answers[0], Exception):
            error = self._script.answers.pop(0)
            assert isinstance(error, Exception)
            raise error
        return await self._inner.handle_async_request(request)


def done() -> Response:
    return answer(Result(account="conn_1", label="ann@acme.example", content={"row": 1}).as_json())


async def execute(client: Evergrant) -> object:
    async with client:
        result = await client.execute_tool(connected_account_id="conn_1", tool_name="x_y", tool_input={})
        return result.content


def filled(kind: type[Failure]) -> Failure:
    """A failure of this kind with a value in every field."""
    failure = kind(what_happened="It broke.", what_to_do="Mend it.", account="conn_1", retryable=False)
    for each in fields(kind):
        if str(each.type) == "str | None":
            object.__setattr__(failure, each.name, f"some {each.name}")  # whatever else a kind may gain
    return failure


@pytest.mark.parametrize("kind", FAILURES)
async def test_every_failure_has_its_exception(kind: type[Failure]) -> None:
    failure = filled(kind)
    with pytest.raises(errors.EvergrantError) as raised:
        await execute(Script([of_failure(failure, 409)]).client())
    error = raised.value
    assert type(error).__name__ == kind.__name__
    assert (error.code, error.retryable, error.account) == (kind.code, False, failure.account)
    assert (error.what_happened, error.what_to_do) == ("It broke.", "Mend it.")
    renamed = {"provider_status" if name == "status" else name: value for name, value in failure.as_json().items()}
    assert error.said == json.loads(json.dumps(renamed))


def test_what_a_person_can_help_with_says_where() -> None:
    dead = errors.error_of(filled(ReauthRequired).as_json())
    undecided = errors.error_of(filled(ConfirmationRequired).as_json())
    assert isinstance(dead, errors.PersonNeeded)
    assert isinstance(undecided, errors.PersonNeeded)
    assert (dead.url, undecided.url) == ("some reauth_url", "some approval_url")
    assert {dead.confirmation_code, undecided.confirmation_code} == {"some confirmation_code"}


async def test_a_code_of_a_later_server_is_still_an_error_with_its_words() -> None:
    with pytest.raises(errors.EvergrantError) as raised:
        await execute(Script([problem(409, "moon_phase", "The moon is full.", "Wait.", account="conn_1")]).client())
    assert type(raised.value) is errors.EvergrantError
    assert (raised.value.code, raised.value.what_to_do) == ("moon_phase", "Wait.")


async def test_what_may_be_retried_is_retried_after_the_pause_that_was_asked_for() -> None:
    limited = RateLimited(what_happened="Too many.", what_to_do="Wait.", retry_after_s=7)
    script = Script([of_failure(limited, 429), done()])
    assert await execute(script.client()) == {"row": 1}
    assert script.clock.monotonic() == 7


async def test_a_longer_pause_is_the_callers_to_wait_for() -> None:
    limited = RateLimited(what_happened="Too many.", what_to_do="Wait.", retry_after_s=3600)
    script = Script([of_failure(limited, 429)])
    with pytest.raises(errors.RateLimited) as raised:
        await execute(script.client())
    assert raised.value.retry_after_s == 3600
    assert script.clock.monotonic() == 0


async def test_a_write_that_may_have_been_done_is_not_made_again() -> None:
    lost = ProviderUnavailable(what_happened="No answer.", what_to_do="Look first.", retryable=False)
    script = Script([of_failure(lost, 502)])
    with pytest.raises(errors.ProviderUnavailable):
        await execute(script.client())
    assert len(script.asked) == 1


async def test_a_request_whose_answer_was_lost_is_made_again_under_the_same_key() -> None:
    """The server does it once."""
    script = Script([httpx2.ReadTimeout("lost"), httpx2.RemoteProtocolError("lost"), done()])
    assert await execute(script.client()) == {"row": 1}
    assert len(script.keys) == 3
    assert len(set(script.keys)) == 1


async def test_an_answer_that_never_comes_is_unknown() -> None:
    script = Script([httpx2.ReadTimeout("lost")] * 3)
    with pytest.raises(errors.OutcomeUnknown, match="may have been carried out"):
        await execute(script.client())


async def test_a_first_request_that_is_under_way_is_waited_for() -> None:
    under_way = [problem(409, "request_under_way", "Not yet.", "Again.", retryable=True) for _ in range(20)]
    script = Script([httpx2.ReadTimeout("lost"), *under_way, done()])
    assert await execute(script.client()) == {"row": 1}
    assert script.clock.monotonic() > 20


async def test_a_server_that_does_not_know_is_believed() -> None:
    script = Script([problem(409, "outcome_unknown", "Died at it.", "Look.", retryable=False)])
    with pytest.raises(errors.OutcomeUnknown, match="Died at it"):
        await execute(script.client())
    assert len(script.keys) == 1


async def test_two_calls_have_two_keys_and_a_caller_may_bring_its_own() -> None:
    script = Script([done(), done(), done()])
    async with script.client() as client:
        for key in (None, None, "night 7"):
            await client.execute_tool(connected_account_id="a", tool_name="x_y", tool_input={}, idempotency_key=key)
    assert len(set(script.keys)) == 3
    assert script.keys[2] == "night 7"


async def test_a_kept_call_is_asked_for_again_when_the_answer_was_lost() -> None:
    """The server makes it once, however often it is asked for."""
    script = Script([httpx2.RemoteProtocolError("lost"), done()])
    async with script.client() as client:
        result = await client.resume_call("call_1")
    assert result.content == {"row": 1}
    assert script.asked == [("POST", "/v1/calls/call_1/resume")] * 2


async def test_what_was_never_sent_is_sent_again() -> None:
    script = Script([httpx2.ConnectError("refused"), done()])
    assert await execute(script.client()) == {"row": 1}


async def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGRANT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("EVERGRANT_TOKEN", TOKEN)
    with pytest.raises(errors.ServerUnreachable, match=r"evergrant serve"):
        await execute(Evergrant(clock=ManualClock(START), dice=random.Random(1)))


async def test_a_page_of_a_stranger_is_not_taken_for_an_answer() -> None:
    with pytest.raises(errors.OutcomeUnknown, match="not Evergrant"):
        await execute(Script([Response("<html>", 200, media_type="text/html")] * 3).client())


async def test_a_wrong_token_is_told_as_such() -> None:
    with pytest.raises(errors.Unauthorized, match="evergrant token"):
        await execute(Script([done()]).client("bad"))


@pytest.mark.parametrize("kind", [ReauthRequired, ConfirmationRequired])
async def test_a_longer_wait_is_several_requests(kind: type[ReauthRequired | ConfirmationRequired]) -> None:
    """The server waits 45 seconds in one request, here on the same clock."""
    dead = kind(what_happened="Not yet.", what_to_do="Ask.", account="conn_1")
    script = Script([of_failure(dead, 409), of_failure(dead, 409), done()])
    script.takes_s = 45
    async with script.client() as client:
        assert (await client.resume_call("call_1", wait_s=100)).content == {"row": 1}
    assert script.waits == [45, 45, 10]


async def test_a_wait_has_an_end() -> None:
    dead = ReauthRequired(what_happened="Dead.", what_to_do="Ask.", account="conn_1")
    script = Script([of_failure(dead, 409), of_failure(dead, 409)])
    script.takes_s = 45
    async with script.client() as client:
        with pytest.raises(errors.ReauthRequired):
            await client.resume_call("call_1", wait_s=60)
    assert script.waits == [45, 15]
