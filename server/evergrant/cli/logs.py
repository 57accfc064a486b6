"""Logging: JSON lines on standard error, cleared of secrets, also what libraries and the interpreter itself say.

Libraries that would print addresses with codes in them are silent below a warning.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.processors import EventRenamer, JSONRenderer, TimeStamper, add_log_level, format_exc_info
from structlog.typing import FilteringBoundLogger, Processor
from typing_extensions import override

from evergrant.cli.redaction import Redaction
from evergrant.model.live import LiveSecrets

TALKATIVE = ("httpx2", "httpcore2", "uvicorn", "uvicorn.access", "mcp", "apscheduler", "sqlalchemy", "alembic")
"""Their own settings are those of the process: whatever level is wished, they say nothing below a warning."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The logger for those who log, and what keeps secrets out of it."""

    log: FilteringBoundLogger
    live: LiveSecrets


def configure(level: str, stream: TextIO | None = None) -> Logs:
    """Send all that this process logs through one chain to standard error, or `stream`, and quieten the libraries."""
    live, out = LiveSecrets(), stream or sys.stderr
    chain = _chain(Redaction(live))
    logging.basicConfig(level=logging.WARNING, handlers=[_library_handler(chain, out)])
    logging.captureWarnings(True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(out),
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    _tell_uncaught(log)
    return Logs(log, live)


def _chain(redaction: Processor) -> list[Processor]:
    """Tracebacks are rendered as Python's own, without the values of variables."""
    return [
        add_log_level,
        TimeStamper(fmt="iso", utc=True),
        format_exc_info,
        EventRenamer("message"),
        redaction,
        JSONRenderer(),
    ]


class _Handler(logging.StreamHandler[TextIO]):
    @override
    def handleError(self, record: logging.LogRecord) -> None:
        """Python's own would print the record's arguments as they are."""
        self.stream.write(f"a log record of {record.name} could not be written: {sys.exc_info()[0]}\n")


def _library_handler(chain: Sequence[Processor], out: TextIO) -> logging.Handler:
    """A handler that sends the records of the standard library's logging through the chain."""
    handler = _Handler(out)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *chain],
    )
    handler.setFormatter(formatter)
    return handler


LoopFailure = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]


def loop_failure(log: FilteringBoundLogger) -> LoopFailure:
    """An exception handler for the event loop; asyncio's own shows what tasks and futures hold."""

    def told(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.error("failure in the background", what=context.get("message"), exc_info=error)

    return told


def _tell_uncaught(log: FilteringBoundLogger) -> None:
    """Log what nothing catches, in any thread or finalizer, instead of having the interpreter print it."""

    def told(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("unforeseen failure", type=kind.__qualname__, exc_info=(kind, error, trace))

    sys.excepthook = told
    sys.unraisablehook = lambda given: told(given.exc_type, given.exc_value, given.exc_traceback)
    threading.excepthook = lambda given: told(given.exc_type, given.exc_value, given.exc_traceback)
