"""What a process has made by the time it serves stays: nobody needs to look through it for garbage again."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def importing() -> Generator[None]:
    """Within the block nobody looks for garbage, nor ever in what the block makes: it stays, as imports do."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def settle() -> None:
    """Have the garbage collector leave alone what is there now: to look through it all stops calls for 0.1 s."""
    gc.collect()
    gc.freeze()
