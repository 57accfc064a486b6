"""The outermost wall: what goes wrong unforeseen is logged without its text, and nobody outside reads more.

The SDK sends an exception's text to clients of the handshake era, writes its traceback to the log and its text into
a span. Texts carry tokens and people's data, so no exception of ours may reach it.
"""

import secrets
from types import TracebackType
from typing import Self, cast

from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR
from structlog.typing import FilteringBoundLogger


class Wall:
    """Ends every exception that leaves its block, except a protocol error meant for the client.

    `reference` is then what log and client can be matched by; it is empty when all went well. `with_text` logs the
    text too: where no client's data is at hand, and the log itself clears it of secrets.
    """

    def __init__(self, log: FilteringBoundLogger, where: str, *, with_text: bool = False) -> None:
        self._log = log
        self._where = where
        self._with_text = with_text
        self.reference = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, MCPError):
            return False
        self.reference = secrets.token_hex(4)
        first = _first(error)
        self._log.error(
            "unforeseen failure",
            where=self._where,
            type=f"{type(first).__module__}.{type(first).__qualname__}",
            at=_place(first),
            reference=self.reference,
            **({"error": str(first)} if self._with_text else {}),
        )
        return True

    def error(self) -> MCPError:
        """What a client is told of what went wrong."""
        return MCPError(INTERNAL_ERROR, f"Evergrant failed at this; the reason is in its log under {self.reference}.")


def _first(error: Exception) -> Exception:
    """What a task group has wrapped."""
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return error


def _place(error: Exception) -> str:
    """Module and line of the innermost frame."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "?"
