"""What a process can do so that its memory is not written to disk or read by others of the same user.

Python cannot wipe a string, so tokens that were used stay in memory for a while. This keeps them there.
"""

import ctypes
import resource
import sys

PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4
"""prctl(2), <linux/prctl.h>."""


def harden() -> list[str]:
    """Forbid core files and, on Linux, make this process non-dumpable; returns in words what could not be done.

    Non-dumpable also means that no debugger of the same user can attach, and covers a core_pattern that is a pipe, to
    which the limit does not apply (core(5)). A program that is started from here is dumpable again.
    """
    return [failure for failure in (_no_core_file(), _not_dumpable()) if failure]


def _no_core_file() -> str | None:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as error:
        return f"core files could not be forbidden: {error}"
    return None


def _not_dumpable() -> str | None:
    if sys.platform != "linux":
        return None
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        return "this process can still be dumped" if prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) else None
    except (OSError, AttributeError) as error:
        return f"this process can still be dumped: {error}"
