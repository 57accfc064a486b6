"""A vault's database with its tables and nothing in it, so that not every test migrates one."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from evergrant.vault.vault import database_file, make_folders, up_to_date


def lay_tables(home: Path) -> None:
    """Put it where a vault is to be made; a database that is there already stays."""
    make_folders(home)
    file = database_file(home)
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    """What the migrations make of an empty database (tests/store/test_migrate.py looks at them)."""
    with TemporaryDirectory() as folder:
        file = database_file(Path(folder))
        up_to_date(file).close()
        return file.read_bytes()
