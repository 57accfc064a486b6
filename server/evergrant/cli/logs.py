"""Logging: JSON lines on standard error, and silence for libraries that would print addresses with codes in them."""

import logging
import sys
from typing import cast

import structlog

TALKATIVE = ("httpx2", "httpcore2", "uvicorn", "uvicorn.access", "mcp", "apscheduler", "sqlalchemy", "alembic")


def configure(level: str) -> structlog.stdlib.BoundLogger:
    """Set up logging for this process and return the logger that is handed to those who log."""
    logging.basicConfig(level=level, stream=sys.stderr, format="%(message)s")
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger("evergrant"))
