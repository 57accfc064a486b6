"""Where the vault of a test lies that waits for no disk."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def quick_folder() -> Generator[Path, None, None]:
    """A folder for the block, in memory where there is some: these vaults never meet a power cut."""
    memory = Path("/dev/shm")  # noqa: S108 - only a place; the folder itself is made by tempfile
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)
