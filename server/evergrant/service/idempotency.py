"""Requests that are done once, however often they come: the first answer is kept and given again.

To begin is one compare-and-swap in the database, so it holds among processes. What a process began and died at is not
done again, since nobody can say how far it came.
"""

import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from evergrant.model.clock import Clock
from evergrant.store.database import StoreUnavailable
from evergrant.store.process_mark import ProcessMark
from evergrant.vault.idempotency import KeptAnswer, KeptAnswers, RequestKey, Seen

KEPT = timedelta(hours=24)


class KeyReused(Exception):
    """The key came before, with another request."""


class UnderWay(Exception):
    """The first request with this key has not been answered yet."""


class AnswerLost(Exception):
    """A request with this key was begun before, and what was answered, if anything was, is not known any more."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request that came with a key."""

    tenant_id: str
    sender: str
    """The principal's name."""
    route: str
    """Method and path."""
    key: str
    content: bytes

    @property
    def request_key(self) -> RequestKey:
        """Of hashed parts only: keys can say what they are for."""
        return RequestKey(self.tenant_id, f"once_{_hash(self.sender, self.route, self.key)}")

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def for_provider(self) -> str:
        """A key for the provider: the same whenever this very request comes, and in the form that everybody takes."""
        return str(uuid.UUID(hex=_hash(*self.request_key, self.fingerprint)[:32], version=4))


@dataclass(frozen=True, slots=True)
class Once:
    """Does what comes with a key once."""

    answers: KeptAnswers
    process: ProcessMark
    clock: Clock
    _under_way: set[RequestKey] = field(default_factory=set[RequestKey])

    async def answer(self, keyed: Keyed, work: Callable[[], Awaitable[KeptAnswer | None]]) -> KeptAnswer | None:
        """The first answer to the request, where it came before; else None, and `work` was done.

        `work` gives what is to be kept, or None where nothing was done and the request may come again as a new one.
        Raises KeyReused, UnderWay, AnswerLost, StoreUnavailable, SealBroken.
        """
        key, claim, now = keyed.request_key, self.process.name, self.clock.now()
        self._begin(key)
        try:
            if seen := await self.answers.begin(key, keyed.fingerprint, claim, now, now + KEPT):
                return self._first(seen, keyed)
            found = await work()
            with suppress(StoreUnavailable):  # it is told to whoever asked, and to nobody after them
                await (self.answers.finish(key, claim, found) if found else self.answers.release(key, claim))
            return None
        finally:
            self._under_way.discard(key)

    def _begin(self, key: RequestKey) -> None:
        if key in self._under_way:
            raise UnderWay
        self._under_way.add(key)

    def _first(self, seen: Seen, keyed: Keyed) -> KeptAnswer:
        if seen.fingerprint is not None and seen.fingerprint != keyed.fingerprint:
            raise KeyReused
        if seen.answer is not None:
            return seen.answer
        if seen.claim and not self.process.is_own(seen.claim) and self.process.lives(seen.claim):
            raise UnderWay
        raise AnswerLost


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
