"""Whether anybody has written to the database, asked for almost nothing: for those who wait for a row to change."""

import sqlite3
from pathlib import Path

BUSY = -1


class Changes:
    """Watches one database file over a connection of its own, which writes nothing: so all writers count, ours too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def number(self) -> int:
        """Another number than before where a transaction was committed since; it may differ without one.

        Takes some microseconds. SQLite, PRAGMA data_version.
        """
        try:
            if self._connection is None:
                address = f"{self._path.absolute().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(address, uri=True, timeout=0, check_same_thread=False)
            number: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
            return number
        except sqlite3.Error:
            return BUSY  # being written just now, or gone: whoever reads the row will know

    def close(self) -> None:
        """Stop watching; a later look begins anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
