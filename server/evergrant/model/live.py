"""The secrets that this process works with, known by keyed hashes alone, so that texts can be cleared of them."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from evergrant.model.secret import Secret

Redact = Callable[[str], str]
"""Gives a text back without secrets."""
REDACTED = "[redacted]"
WINDOW = 12
SHORTEST = 8
"""Anything shorter would blank ordinary words."""
MOST = 1000
"""Secrets that are remembered for sure, in less than 4 MB; twice as many at the most."""


@dataclass(frozen=True, slots=True)
class _Generation:
    """`ends` has, for the hash of a window, how far the secret goes on after its start and before its end."""

    noted: set[bytes] = field(default_factory=set[bytes])
    ends: dict[bytes, tuple[int, int]] = field(default_factory=dict[bytes, tuple[int, int]])
    sizes: set[int] = field(default_factory=set[int])
    """How long its windows are: a short secret has shorter ones."""


class LiveSecrets:
    """Finds secrets in texts without holding one.

    Of each encoded form it keeps a keyed hash of the first and of the last twelve characters, with the length. What
    is cut off at one side is found by its other end. The key of the hashes never leaves this object.
    """

    def __init__(self, most: int = MOST) -> None:
        self._keyed = hashlib.blake2b(digest_size=16, key=secrets.token_bytes(32))
        self._most = most
        self._young, self._old = _Generation(), _Generation()

    def __len__(self) -> int:
        return len(self._young.noted | self._old.noted)

    def note(self, secret: Secret) -> None:
        """Know this secret from now on: in clear, escaped for a URL, for JSON or by Python, in base64 and in hex."""
        mark = self._hash(secret.reveal())
        if mark in self._young.noted:
            return
        if len(self._young.noted) >= self._most:
            self._young, self._old = _Generation(), self._young
        self._young.noted.add(mark)
        for form in _forms(secret.reveal()):
            self._keep(form)

    def redact(self, text: str) -> str:
        """`text` with a fixed word in the place of each secret; rather too much goes than too little."""
        parts: list[str] = []
        end = 0
        for start, stop in sorted(self._found(text)):
            if start >= end:
                parts += [text[end:start], REDACTED]
            end = max(end, stop)
        return "".join([*parts, text[end:]])

    def _keep(self, form: str) -> None:
        if len(form) < SHORTEST:
            return
        self._young.sizes.add(min(len(form), WINDOW))
        for window, ahead, behind in ((form[:WINDOW], len(form), 0), (form[-WINDOW:], 0, len(form))):
            known_ahead, known_behind = self._young.ends.get(self._hash(window), (0, 0))
            self._young.ends[self._hash(window)] = max(ahead, known_ahead), max(behind, known_behind)

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        for size in self._young.sizes | self._old.sizes:
            for start in range(len(text) - size + 1):
                stop = start + size
                for ahead, behind in self._known(text[start:stop]):
                    yield max(min(start, stop - behind), 0), max(stop, start + ahead)

    def _known(self, window: str) -> Iterator[tuple[int, int]]:
        hashed = self._hash(window)
        return (found for each in (self._young, self._old) if (found := each.ends.get(hashed)))

    def _hash(self, text: str) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(text.encode("utf-8", "surrogatepass"))
        return keyed.digest()


def _forms(value: str) -> set[str]:
    data = value.encode("utf-8", "surrogatepass")
    encoded = (base64.b64encode(data), base64.urlsafe_b64encode(data))
    return {
        value,
        quote(data, safe=""),
        quote_plus(data),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        data.hex(),
        *(form.decode().rstrip("=") for form in encoded),
    }
