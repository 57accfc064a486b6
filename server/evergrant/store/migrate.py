"""Bring a database to this version's tables."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

MIGRATIONS = Path(__file__).parent / "migrations"


class CannotMigrate(Exception):
    """The database cannot be brought to this version's tables; the message says why."""


def upgrade(engine: Engine) -> None:
    """Apply the migrations that are missing, in one transaction; raises CannotMigrate."""
    try:
        with engine.connect().execution_options(evergrant_begin="BEGIN") as connection:
            if _revision(connection) == newest():
                return
        _migrate(engine)
    except SQLAlchemyError as error:
        raise CannotMigrate(str(error)) from error


def newest() -> str:
    """The revision of this version's tables, with which the name of the last migration begins."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _migrate(engine: Engine) -> None:
    # Alembic costs a sixth of a command's start, and few starts have anything to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise CannotMigrate(str(error)) from error
