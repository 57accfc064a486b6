"""How often a service may be called, and the headers in which it says how much is left."""

from typing import Literal

from pydantic import Field

from evergrant.catalog.declaration import Declaration


class RateLimit(Declaration):
    """So many calls in so many seconds; the headers stand in its answers."""

    calls: int = Field(ge=1)
    per_s: int = Field(ge=1)
    what: str = "calls"
    """What is counted, and for whom."""
    remaining: str | None = None
    reset: str | None = None
    reset_is: Literal["epoch", "epoch_ms", "seconds", "milliseconds"] = "epoch"
