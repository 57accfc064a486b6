"""Run by Alembic, on the connection that `evergrant.store.migrate` hands over."""

from alembic import context

from evergrant.store.tables import VaultRow

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=VaultRow.metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
