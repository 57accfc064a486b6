"""The parts of the interpreter that a logging configuration changes, put back as they were."""

import logging
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from evergrant.cli.logs import TALKATIVE


@contextmanager
def logging_kept() -> Generator[None]:
    """Without handlers for the block, as a process starts; afterwards everything is as before."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, sys.unraisablehook, threading.excepthook)
    levels = {name: logging.getLogger(name).level for name in TALKATIVE}
    root.handlers[:] = []
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(False)
        sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
