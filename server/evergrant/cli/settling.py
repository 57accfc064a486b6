"""What a process has made by the time it serves stays: nobody needs to look through it for garbage again."""

import gc


def settle() -> None:
    """Have the garbage collector leave alone what is there now: to look through it all stops calls for 0.1 s."""
    gc.collect()
    gc.freeze()
