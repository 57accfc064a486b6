"""An endpoint that meets faults."""

import math
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from evergrant.model.clock import Clock
from evergrant.sandbox.drop import DropError, Dropped
from evergrant.sandbox.faults import Fault, FaultKind, Faults, Where
from evergrant.sandbox.refusal import Endpoint

PAGE = "<!doctype html><title>Back soon</title><p>We are improving our service. Please come back later.</p>"


class Faulty:
    """Puts faults between the wire and an endpoint. The endpoint itself must answer, not raise."""

    def __init__(self, faults: Faults, clock: Clock, drop_error: DropError) -> None:
        self._faults = faults
        self._clock = clock
        self._drop_error = drop_error

    def at(self, where: Where, client_of: Callable[[Request, bytes], str | None], endpoint: Endpoint) -> Endpoint:
        """The same endpoint, exposed to the faults of this place."""

        async def meet(request: Request) -> Response:
            # Read to the end first: closing with bytes unread would reset the connection instead of ending it.
            body = await request.body()
            fault = self._faults.draw(where, client_of(request, body))
            if fault is None:
                return await endpoint(request)
            return await self._struck(fault, endpoint, request)

        return meet

    async def _struck(self, fault: Fault, endpoint: Endpoint, request: Request) -> Response:
        match fault.kind:
            case FaultKind.DROP_REQUEST:
                return Dropped(self._drop_error)
            case FaultKind.DROP_RESPONSE:
                await endpoint(request)
                return Dropped(self._drop_error)
            case FaultKind.DELAY_REQUEST:
                await self._clock.sleep(fault.seconds)
                return await endpoint(request)
            case FaultKind.DELAY_RESPONSE:
                response = await endpoint(request)
                await self._clock.sleep(fault.seconds)
                return response
            case FaultKind.TRUNCATED:
                return _truncated(await endpoint(request))
            case _:
                if fault.processed:
                    await endpoint(request)
                return _instead(fault)


def _truncated(response: Response) -> Response:
    body = bytes(response.body)
    return Response(body[: len(body) // 2] or b"{", 200, media_type="application/json")


def _instead(fault: Fault) -> Response:
    match fault.kind:
        case FaultKind.STATUS_429:
            headers = {"Retry-After": str(math.ceil(fault.seconds))}
            return PlainTextResponse("Too many requests", 429, headers)
        case FaultKind.HTML:
            return HTMLResponse(PAGE)
        case FaultKind.ERROR_IN_200:
            return JSONResponse({"error": fault.error, "error_description": "A fault of this run."})
        case _:
            return PlainTextResponse("Service unavailable", 503)
