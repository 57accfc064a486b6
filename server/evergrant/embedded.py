"""The same client with no server: the vault is opened in this process, and its grants are kept alive as long."""

import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType

import httpx2
import structlog
from structlog.stdlib import filter_by_level
from structlog.typing import FilteringBoundLogger, Processor

from evergrant.app import open_app
from evergrant.cli.jobs import jobs
from evergrant.cli.redaction import Redaction
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.live import LiveSecrets
from evergrant.parts import mcp_parts
from evergrant.sdk.client import Evergrant
from evergrant.sdk.sync import EvergrantSync
from evergrant.settings import Settings
from evergrant.surface import web_app
from evergrant.surroundings import Surroundings, real_world
from evergrant.vault.bearer import local_bearer


def in_process(settings: Settings | None = None, world: Surroundings | None = None) -> "InProcess":
    """The client on the vault of EVERGRANT_HOME, or of the settings given: `async with in_process() as eg`.

    In a plain `with` it is an EvergrantSync. It is the operator's own, so every account is there. Entering it raises
    KeyUnavailable and StoreUnavailable, and pydantic's ValidationError is raised here for a setting that cannot be.
    A server of the same vault may run beside it; the pages that links lead to are served by that alone.
    """
    return InProcess(settings or Settings(), world or real_world())


class InProcess:
    """What `in_process` gives; it can be entered again once it was left."""

    def __init__(self, settings: Settings, world: Surroundings) -> None:
        self._settings, self._world = settings, world
        self._open = AsyncExitStack()
        self._sync: EvergrantSync | None = None

    async def __aenter__(self) -> Evergrant:
        return await self._open.enter_async_context(_opened(self._settings, self._world))

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self._open.aclose()

    def __enter__(self) -> EvergrantSync:
        self._sync = EvergrantSync.hosting(lambda: _opened(self._settings, self._world))
        return self._sync

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._sync:
            self._sync.close()


@asynccontextmanager
async def _opened(settings: Settings, world: Surroundings) -> AsyncGenerator[Evergrant]:
    log = logger(world.live)
    async with open_app(settings, world) as app, jobs(app, log):
        web = web_app(app, make_server(mcp_parts(app, log), bearer_principal), dict, log)
        token, transport = local_bearer(app.vault.key.ring), httpx2.ASGITransport(web)
        async with Evergrant("http://localhost", token, transport=transport, clock=world.clock) as client:
            yield client


def logger(live: LiveSecrets) -> FilteringBoundLogger:
    """To the `evergrant` logger of the process's own logging, cleared of secrets."""
    processors: list[Processor] = [
        filter_by_level,
        structlog.processors.format_exc_info,
        Redaction(live),
        structlog.stdlib.render_to_log_kwargs,
    ]
    log: FilteringBoundLogger = structlog.wrap_logger(
        logging.getLogger("evergrant"), processors=processors, wrapper_class=structlog.stdlib.BoundLogger
    )
    return log
