"""What a figure was measured on: without it the figure means little."""

import os
import platform
import sqlite3
from pathlib import Path

from evergrant.store.database import journal_mode


def machine() -> dict[str, str]:
    """Processor, system and the versions that matter, by name."""
    return {
        "processor": f"{os.cpu_count()} x {_processor()}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": f"{sqlite3.sqlite_version}, journal {journal_mode(sqlite3.sqlite_version_info)}, synchronous FULL",
    }


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
