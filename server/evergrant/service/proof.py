"""Whether the browser that opens a link belongs to the person who was asked: by code, or by a ticket of ours.

What is remembered is this process's own, and bounded; links themselves are stored nowhere.
"""

import hmac
from datetime import datetime

from evergrant.model.clock import Clock
from evergrant.model.secret import Secret
from evergrant.vault.link_seal import LinkSeal, link_hash, same_code
from evergrant.vault.seal import SealBroken

TRIES = 5
MOST = 10_000
"""Links, or tickets, that are remembered at one time."""


class WrongCode(Exception):
    """The code is not the link's; `left` more may be tried."""

    def __init__(self, left: int) -> None:
        super().__init__("That is not the code of this link.")
        self.left = left


class TooManyCodes(Exception):
    """Wrong codes have closed the link."""


class _Remembered:
    """A number by name, until a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers: dict[str, tuple[int, datetime]] = {}

    def number(self, name: str) -> int:
        return self._numbers.get(name, (0, None))[0]

    def add_one(self, name: str, until: datetime) -> int:
        if len(self._numbers) >= MOST and name not in self._numbers:
            self._make_room()
        self._numbers[name] = (self.number(name) + 1, until)
        return self.number(name)

    def _make_room(self) -> None:
        now = self._clock.now()
        self._numbers = {name: kept for name, kept in self._numbers.items() if kept[1] > now}
        while len(self._numbers) >= MOST:
            del self._numbers[next(iter(self._numbers))]


class Proofs:
    """Takes codes and tickets: five wrong codes close a link for its life, and a ticket is good once."""

    def __init__(self, seal: LinkSeal, clock: Clock) -> None:
        self._seal = seal
        self._clock = clock
        self._wrong = _Remembered(clock)
        self._spent = _Remembered(clock)

    def is_closed(self, handle: str) -> bool:
        """Whether too many wrong codes were given for the link."""
        return self._wrong.number(link_hash(handle)) >= TRIES

    def check_code(self, handle: str, given: str, until: datetime) -> None:
        """Raises WrongCode, TooManyCodes; wrong ones are remembered until the link's end."""
        if self.is_closed(handle):
            raise TooManyCodes
        if same_code(self._seal.code(handle), given):
            return
        left = TRIES - self._wrong.add_one(link_hash(handle), until)
        raise WrongCode(left) if left else TooManyCodes

    def spend(self, handle: str, ticket: str) -> bool:
        """Whether the ticket is one for this link, of the last minute, and was not shown before."""
        try:
            end = self._seal.ticket_end(handle, ticket)
        except (SealBroken, ValueError):
            return False
        return self._clock.now() < end and self._spent.add_one(link_hash(ticket), end) == 1

    def proof(self, handle: str, browser: Secret) -> str:
        """What a browser that has shown a ticket brings instead of the code."""
        return self._seal.proof(handle, browser)

    def is_proof(self, handle: str, browser: Secret | None, given: str) -> bool:
        """Whether this browser was given that proof for this link."""
        return browser is not None and hmac.compare_digest(self._seal.proof(handle, browser).encode(), given.encode())
