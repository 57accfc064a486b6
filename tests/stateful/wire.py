"""The way to the provider: a request goes on whatever becomes of its sender, and every refresh is written down."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qs

import httpx2
from tests.stateful.process import Process
from tests.stateful.provider import Provider
from tests.stateful.sending import Sending
from tests.stateful.stage import Stage, StageClock
from tests.stateful.trouble import FAULTS, TO_ARRIVE_S, Trouble, time_to_arrive, time_to_come_back
from typing_extensions import override

Reply: TypeAlias = "httpx2.Response | httpx2.TransportError"
HOPS = 4
"""Turns of the loop between an answer in the socket and its reader; a timer that is overdue comes before them."""
WHO_IS_IT = "/crm/me"
NOT_ALIVE = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="Not now."'}


class Wire:
    """Carries requests from processes to the provider and answers back, each in its time."""

    def __init__(self, stage: Stage, provider: Provider, consents: Callable[[], int]) -> None:
        """`consents` says how many the account has had."""
        self.sendings: list[Sending] = []
        self.troubles: deque[Trouble] = deque()
        """For the next refresh requests."""
        self.api_refusals = 0
        """How many of the next calls are answered 401, though their token lives."""
        self.api_refused = 0
        """How many were."""
        self.refused_tokens: set[str] = set()
        """Access tokens that were refused so; the engine must take them for dead."""
        self.ended_sends = 0
        """How many calls came with an access token that had ended; who just consents is asked for his name, no call."""
        self.on_send: Callable[[Sending], None] = lambda _: None
        """Told of each refresh request before it counts as sent."""
        self._stage, self._provider, self._consents = stage, provider, consents

    def of(self, process: Process) -> httpx2.AsyncBaseTransport:
        """The transport of one process."""
        return _Transport(self, process, StageClock(self._stage))

    def send(self, process: Process, request: httpx2.Request, give: Callable[[Reply], bool]) -> None:
        """Begin to carry a request; `give` is called in its process, and says whether anybody still waited."""
        form = _form(request)
        if request.url.path != "/token" or "refresh_token" not in form:
            self._stage.after(TO_ARRIVE_S, lambda: self._arrive_plainly(process, request, give))
            return
        trouble = self.troubles.popleft() if self.troubles else None
        sending = Sending(form["refresh_token"], process, trouble, self._consents())
        self.on_send(sending)
        self.sendings.append(sending)
        if trouble is Trouble.NO_NAME:
            sending.over = True
            process.order(lambda: _give(give, httpx2.ConnectError("Name or service not known", request=request)))
            return
        self._stage.after(time_to_arrive(trouble), lambda: self._arrive(sending, request, give))

    def _arrive_plainly(self, process: Process, request: httpx2.Request, give: Callable[[Reply], bool]) -> None:
        if self.api_refusals and request.url.path.startswith("/crm/"):
            self.api_refusals -= 1
            self.api_refused += 1
            self.refused_tokens.add(request.headers["Authorization"].removeprefix("Bearer "))
            reply = httpx2.Response(401, headers=NOT_ALIVE, json={"error": "invalid_token"})
        else:
            before = self._provider.count.api_expired_token
            reply = self._provider.answer(request)
            is_call = request.url.path != WHO_IS_IT
            self.ended_sends += is_call and self._provider.count.api_expired_token > before
        self._stage.after(TO_ARRIVE_S, lambda: process.order(lambda: _give(give, reply)))

    def _arrive(self, sending: Sending, request: httpx2.Request, give: Callable[[Reply], bool]) -> None:
        reply = self._carry_out(sending, request)
        back = time_to_come_back(sending.trouble)
        self._stage.after(back, lambda: self._come_back(sending, reply, give))

    def _carry_out(self, sending: Sending, request: httpx2.Request) -> Reply:
        trouble, count = sending.trouble, self._provider.count
        sending.over = True
        if trouble is Trouble.LOST_REQUEST:
            return httpx2.ReadError("", request=request)
        if trouble is not None and trouble in FAULTS:
            self._provider.faults.add(FAULTS[trouble])
        before = count.refreshes
        reply = self._provider.answer(request)
        sending.carried_out = count.refreshes > before
        if sending.carried_out:
            sending.access, sending.refresh = self._provider.last_issued(sending.token)
        return httpx2.ReadError("", request=request) if trouble is Trouble.LOST_ANSWER else reply

    def _come_back(self, sending: Sending, reply: Reply, give: Callable[[Reply], bool]) -> None:
        def come() -> None:
            if give(reply):
                sending.answered = True
                sending.refused = isinstance(reply, httpx2.Response) and reply.status_code == 400
            else:
                sending.given_up = True

        if sending.sender.alive:
            sending.sender.order(come)


def _give(give: Callable[[Reply], bool], reply: Reply) -> None:
    give(reply)


def _form(request: httpx2.Request) -> Mapping[str, str]:
    if request.method != "POST":
        return {}
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


class _Transport(httpx2.AsyncBaseTransport):
    def __init__(self, wire: Wire, process: Process, clock: StageClock) -> None:
        self._wire, self._process, self._clock = wire, process, clock

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        coming: asyncio.Future[Reply] = self._process.loop.create_future()

        def give(reply: Reply) -> bool:
            if coming.done():
                return False
            coming.set_result(reply)
            return True

        self._wire.send(self._process, request, give)
        if (trace := request.extensions.get("trace")) is not None:
            await trace("http11.send_request_body.complete", {})
        reply: Reply = await coming
        for _ in range(HOPS):
            await self._clock.sleep(0)
        if isinstance(reply, httpx2.TransportError):
            raise reply
        return reply
