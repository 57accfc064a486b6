"""The engine with one of its rules taken out, to show that the machine would notice."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, NamedTuple

import pytest
from typing_extensions import override

from evergrant import app
from evergrant.model.account import AccountKey, GrantKey
from evergrant.sandbox.behaviour import Rotation
from evergrant.store.locks import AccountLocks
from evergrant.tokens.refresher import Locked, Refresher
from evergrant.vault.grants import Grants, Held


class NoLock(AccountLocks):
    """Anybody may exchange at any time."""

    @override
    @asynccontextmanager
    async def hold(self, key: AccountKey | GrantKey) -> AsyncGenerator[None, None]:
        yield


class NoWait(Refresher):
    """A token whose answer was lost is sent again at once."""

    @override
    def _again(self, held: Held, locked: Locked) -> datetime | None:
        return None


class NoIntent(Grants):
    """Nobody is told that a token is about to be sent."""

    @override
    async def begin(self, key: GrantKey, now: datetime, decide: Callable[[Held], bool]) -> tuple[Held | None, bool]:
        held, begun = await super().begin(key, now, decide)
        if held is not None and begun:
            await self.withdraw(held)
        return held, begun


class Ablation(NamedTuple):
    """A part of the composition that takes the place of the real one."""

    name: str
    part: str
    """Its name in the composition root."""
    instead: type
    rotation: Rotation
    """Under which it does harm."""
    breaks: str
    """Words of the promise that it breaks."""

    def put_in(self, patch: pytest.MonkeyPatch) -> None:
        """Compose the engine with it."""
        patch.setattr(app, self.part, self.instead)


ABLATIONS: Final = (
    # Under rotation the open intent would hold a rival back, most of the time.
    Ablation("no lock", "AccountLocks", NoLock, Rotation.NEVER, "two exchanges were under way"),
    Ablation(
        "no wait before a re-send",
        "Refresher",
        NoWait,
        Rotation.STRICT_FAMILY,
        "two exchanges were under way|before the last chance",
    ),
    Ablation(
        "no intent before the request",
        "Grants",
        NoIntent,
        Rotation.STRICT,
        "two exchanges were under way|before the last chance|the cause is",
    ),
)
