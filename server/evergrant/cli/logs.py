"""Logging: JSON lines on standard error, and silence for libraries that would print addresses with codes in them."""

import logging
import sys

import structlog
from structlog.typing import FilteringBoundLogger

TALKATIVE = ("httpx2", "httpcore2", "uvicorn", "uvicorn.access", "mcp", "apscheduler", "sqlalchemy", "alembic")


def configure(level: str) -> FilteringBoundLogger:
    """Quieten the libraries, and return the logger that is handed to those who log."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    return logger
