"""An issuer's keys, kept: asked for seldom, whatever callers send, and good for a while when it is down."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence

from structlog.typing import FilteringBoundLogger

from evergrant.model.clock import Clock
from evergrant.oauth.issuer import IssuerUnavailable
from evergrant.oauth.jwk import VerifyingKey

FRESH_S = 10 * 60.0
"""So long a key that the issuer has withdrawn is still taken, while the issuer can be asked."""
LONGEST_STALE_S = 24 * 3600.0
"""So long keys are taken of an issuer that cannot be asked."""
AGAIN_S = 60.0
"""The issuer is asked once in this time at most: key ids that nobody knows cost it nothing more."""

Fetch = Callable[[], Awaitable[tuple[VerifyingKey, ...]]]
"""Raises IssuerUnavailable."""


class IssuerKeys:
    """The keys by algorithm and id."""

    def __init__(self, fetch: Fetch, clock: Clock, log: FilteringBoundLogger) -> None:
        self._fetch, self._clock, self._log = fetch, clock, log
        self._keys: tuple[VerifyingKey, ...] = ()
        self._read_at = self._asked_at = -math.inf
        self._trouble = ""
        self._asking = asyncio.Lock()

    async def named(self, algorithm: str, kid: str | None) -> Sequence[VerifyingKey]:
        """The keys that a token may be signed with; none where it names one that the issuer does not have.

        A token that names no key fits an issuer that has only one. Raises IssuerUnavailable where it cannot be told.
        """
        found = self._known(algorithm, kid)
        if not found or self._age() >= FRESH_S:
            await self._refresh(needed=not found)
            found = self._known(algorithm, kid)
        if not found and self._trouble:
            raise IssuerUnavailable(self._trouble)
        return found

    def _known(self, algorithm: str, kid: str | None) -> Sequence[VerifyingKey]:
        if self._age() >= LONGEST_STALE_S:
            return ()
        fitting = [key for key in self._keys if key.algorithm == algorithm and kid in (None, key.kid)]
        return fitting if kid is not None or len(fitting) == 1 else ()

    def _age(self) -> float:
        return self._clock.monotonic() - self._read_at

    async def _refresh(self, *, needed: bool) -> None:
        """Ask the issuer, unless it was asked just now. Who has a key need not wait for another's asking."""
        if self._asking.locked() and not needed:
            return
        async with self._asking:
            now = self._clock.monotonic()
            if now - self._asked_at < AGAIN_S:
                return
            self._asked_at = now
            try:
                self._keys, self._read_at, self._trouble = await self._fetch(), now, ""
            except IssuerUnavailable as error:
                self._trouble = str(error)
                self._log.warning("the keys of the issuer of access tokens cannot be read", reason=str(error))
