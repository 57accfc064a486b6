"""What runs beside the sessions of every process that serves a vault."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from evergrant.app import App
from evergrant.entry.delivering import delivering
from evergrant.entry.jobs import job_set, keep_on_time
from evergrant.store.leader import Leadership
from evergrant.vault.epoch import advance


@asynccontextmanager
async def jobs(app: App, log: FilteringBoundLogger) -> AsyncGenerator[None, None]:
    """The job set for the block; among the processes of one vault only the leader's ticks."""

    async def tick() -> datetime | None:
        await app.answers.forget_late()
        await app.once.answers.prune(app.clock.now())
        return await app.schedule.tick()

    async def tend() -> None:
        await app.held_calls.runs.tend()
        await app.kept_results.expire(app.clock.now())

    async with Leadership(app.vault.folder / "locks" / "leader.lock").campaign() as leader:
        scheduler = job_set(
            tick,
            app.clock,
            app.machine_clock,
            log,
            elected=leader.elected,
            stand_by=app.schedule.stand_by,
            begin_epoch=lambda: advance(app.vault.database, app.vault.ring),
            tend_calls=tend,
            prune_audit=app.prune_audit,
        )
        scheduler.start()
        watches = [
            asyncio.create_task(keep_on_time(scheduler, app.machine_clock)),
            asyncio.create_task(app.held_calls.runs.watch()),
        ]
        if app.settings.notify == "desktop" and app.notes is None:
            log.warning("no notes on the desktop: notify-send (package libnotify-bin) is not installed")
        try:
            async with delivering(app.tell_news, app.vault.database, app.machine_clock, log):
                yield
        finally:
            for watch in watches:
                watch.cancel()
            scheduler.shutdown(wait=False)
