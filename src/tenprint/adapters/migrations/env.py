"""Alembic runs this file: it migrates over the connection that `migrate` hands in, inside that one transaction."""

from alembic import context

from tenprint.adapters.tables import metadata


def run() -> None:
    """Run the steps between the database's revision and the one asked for."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,  # SQLite changes columns only by copying the table
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic loads it; an import by anybody else does nothing
    run()
