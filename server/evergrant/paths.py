"""Where a vault and its server's socket lie. The stdio pump imports this and nothing else of ours."""

import os
from collections.abc import Mapping
from pathlib import Path

LONGEST_SOCKET_PATH = 100
"""Unix socket addresses end at 104 (macOS) or 108 (Linux) bytes."""


def home_folder(env: Mapping[str, str]) -> Path:
    """The folder of one vault: `EVERGRANT_HOME`, else `~/.evergrant`."""
    return Path(env.get("EVERGRANT_HOME") or Path("~/.evergrant")).expanduser().absolute()


def socket_path(home: Path) -> Path:
    """The socket of the server of this vault; in the system's temporary folder where `home` is too long for one."""
    path = home / "run" / "mcp.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    import hashlib  # noqa: PLC0415  (a third of the pump's start, and seldom needed)
    import tempfile  # noqa: PLC0415

    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"evergrant-{os.getuid()}-{digest}" / "mcp.sock"
