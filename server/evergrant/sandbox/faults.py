"""What goes wrong on purpose: a fault, and the faults that are waiting to strike."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from evergrant.sandbox.count import Count, one_more

Where: TypeAlias = Literal["token", "revoke", "api"]


class FaultKind(StrEnum):
    """One way in which an exchange with a provider goes wrong."""

    DROP_REQUEST = "drop_request"
    """The connection closes and nothing was processed."""
    DROP_RESPONSE = "drop_response"
    """Processed, then the connection closes without an answer."""
    DELAY_REQUEST = "delay_request"
    """`seconds` pass before the request is processed."""
    DELAY_RESPONSE = "delay_response"
    """`seconds` pass between the processing and the answer."""
    STATUS_503 = "status_503"
    STATUS_429 = "status_429"
    """`seconds`, rounded up, are its Retry-After."""
    HTML = "html"
    """200 with a page, as a captive portal or a maintenance page answers."""
    TRUNCATED = "truncated"
    """Processed; 200 with the first half of the answer, so JSON that does not parse."""
    ERROR_IN_200 = "error_in_200"
    """200 with `{"error": ...}`; the code is `error`."""


class Fault(BaseModel):
    """A fault and when it strikes: on the next `times` requests (None: until cleared), each with `probability`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    kind: FaultKind
    where: Where = "token"
    client_id: str | None = None
    """Only requests of this client; None means all."""
    times: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1, ge=0, le=1)
    seconds: float = Field(default=1, ge=0)
    processed: bool = False
    """For 503, 429, html and error_in_200: the request was processed and this took the place of its answer."""
    error: str = "server_error"


@dataclass
class _Waiting:
    fault: Fault
    left: int | None


class Faults:
    """The faults waiting to strike, in the order they were added; one request meets at most one."""

    def __init__(self, count: Count, chance: random.Random) -> None:
        self._count = count
        self._chance = chance
        self._waiting: list[_Waiting] = []

    def add(self, fault: Fault) -> None:
        """Let this fault wait, behind those added before."""
        self._waiting = [*self._waiting, _Waiting(fault, fault.times)]

    def clear(self, where: Where | None = None) -> None:
        """Call off the faults of one place, or all."""
        self._waiting = [waiting for waiting in self._waiting if where not in {None, waiting.fault.where}]

    def draw(self, where: Where, client_id: str | None) -> Fault | None:
        """The fault that this request meets, now counted; None when it is spared."""
        for waiting in self._waiting:
            if self._strikes(waiting, where, client_id):
                if waiting.left is not None:
                    waiting.left -= 1
                for tally in self._count.each(client_id):
                    one_more(tally.faults, waiting.fault.kind)
                return waiting.fault
        return None

    def _strikes(self, waiting: _Waiting, where: Where, client_id: str | None) -> bool:
        fault = waiting.fault
        meant = fault.where == where and fault.client_id in {None, client_id} and waiting.left != 0
        return meant and self._chance.random() < fault.probability
