"""Prefixed ULIDs: ids that say what they name and sort by time."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

Prefix = Literal["aud", "conn", "client", "call", "evt", "link", "key", "res", "wh", "tnt", "vault"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26


def new_id(prefix: Prefix, now: datetime) -> str:
    """`prefix_` and a ULID (48 bits of milliseconds, 80 random bits), such as `conn_01JD9Z...`."""
    number = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    return f"{prefix}_{crockford(number, _LENGTH)}"


def new_ids(prefix: Prefix, moments: Sequence[datetime]) -> list[str]:
    """Ids for what happened at these moments; those of one millisecond are in the order given."""
    base = secrets.randbits(79)
    numbers = ((int(moment.timestamp() * 1000) << 80) + base + place for place, moment in enumerate(moments))
    return [f"{prefix}_{crockford(number, _LENGTH)}" for number in numbers]


def lowest_id(prefix: Prefix, moment: datetime) -> str:
    """Not after any id of that prefix made at `moment` or later, and after all that were made before."""
    since_1970_ms = max(int(moment.timestamp() * 1000), 0)
    return f"{prefix}_{crockford(since_1970_ms << 80, _LENGTH)}"


def crockford(number: int, length: int) -> str:
    """The number's last `length` digits in Crockford's base32, which has no I, L, O and U."""
    return "".join(_CROCKFORD[(number >> (5 * place)) & 31] for place in reversed(range(length)))
