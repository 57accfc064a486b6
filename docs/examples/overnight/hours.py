"""The clock on the wall: the agent asks to be told when an hour has come, and so the night knows where it stands."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Hours:
    """Opens one hour after another; a lane that asks for an hour has done all that was before it."""

    def __init__(self) -> None:
        self.now = 0
        self._at: dict[str, int] = {}
        self._moved = asyncio.Condition()

    def route(self) -> Route:
        """`GET /hour?lane=&at=`: answers when the hour has come."""
        return Route("/hour", self._hour)

    async def open(self, hour: int) -> None:
        """Let an hour begin."""
        async with self._moved:
            self.now = hour
            self._moved.notify_all()

    async def reached(self, lane: str, hour: int) -> None:
        """Return when a lane has asked for this hour or a later one."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._at.get(lane, 0) >= hour)

    async def _hour(self, request: Request) -> Response:
        lane, hour = request.query_params["lane"], int(request.query_params["at"])
        async with self._moved:
            self._at[lane] = hour
            self._moved.notify_all()
            await self._moved.wait_for(lambda: self.now >= hour)
        return Response(status_code=204)
