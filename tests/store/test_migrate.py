from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from tests.store.conftest import sql

from evergrant.store.database import Database
from evergrant.store.migrate import MIGRATIONS, newest, upgrade
from evergrant.store.tables import VaultRow


@pytest.fixture
def migrated(path: Path) -> Iterator[Database]:
    database = Database(path)
    upgrade(database.engine)
    yield database
    database.close()


def test_the_migrations_make_exactly_the_declared_tables(migrated: Database) -> None:
    with migrated.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, VaultRow.metadata) == []


def test_every_row_but_the_vaults_own_names_its_tenant(migrated: Database) -> None:
    tables = set(inspect(migrated.engine).get_table_names()) - {"vault", "alembic_version"}
    columns = {table: inspect(migrated.engine).get_columns(table) for table in tables}
    assert len(tables) >= 5
    for found in columns.values():
        assert [column["nullable"] for column in found if column["name"] == "tenant_id"] == [False]


def test_a_second_upgrade_changes_nothing(migrated: Database, path: Path) -> None:
    migrated.write_now(lambda session: sql(session, "INSERT INTO vault VALUES ('vault_1', x'00', 1, 0, 0, 0)"))
    before = path.read_bytes()
    upgrade(migrated.engine)
    assert path.read_bytes() == before


def test_the_name_of_the_last_migration_begins_with_its_revision(migrated: Database) -> None:
    assert newest() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    [revision] = migrated.read(lambda session: sql(session, "SELECT version_num FROM alembic_version"))
    assert revision == (newest(),)
