"""What a process has made by the time it serves stays: nobody needs to look through it for garbage again."""

import gc

YOUNG = 10_000
"""New objects after which the collector looks for garbage. With CPython's 700 it looks at every second tool call."""


def settle() -> None:
    """Have the collector look at what is new from now on: to look through all that is there stops calls for 0.1 s."""
    gc.freeze()
    gc.set_threshold(YOUNG)
