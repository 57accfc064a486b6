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
    """The socket of the server of this vault; under /tmp where `home` is too long for one.

    Not where TMPDIR says: the server has it from a shell, and a desktop client starts the pump without.
    """
    path = home / "run" / "mcp.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    import hashlib  # noqa: PLC0415  (a third of the pump's start, and seldom needed)

    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp", f"evergrant-{os.getuid()}-{digest}", "mcp.sock")  # noqa: S108  (its folder must be ours alone)
