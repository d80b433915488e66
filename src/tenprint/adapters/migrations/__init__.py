"""The database's history: one revision a change, run when a database is new or older than the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tenprint.adapters.tables import metadata
from tenprint.core.errors import StorageError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0007"
"""The newest revision. Stated here, and tested against the scripts, so that opening a database that is up to date need
not load Alembic."""
_FOLDER = Path(__file__).parent
_VERSION_TABLE = sa.table("alembic_version", sa.column("version_num"))


def configuration() -> Config:
    """Return Alembic's configuration without any file: the scripts lie beside this module."""
    from alembic.config import Config  # noqa: PLC0415 - only when there is something to migrate

    config = Config()
    config.set_main_option("script_location", _FOLDER.as_posix().replace("%", "%%"))
    return config


def migrate(engine: sa.Engine, writing: sa.Engine) -> bool:
    """Bring the database to the newest revision; tell whether anything was done.

    Args:
        engine: to look with.
        writing: the same one, whose transactions wait for each other.

    Raises:
        StorageError: ``STORE_NEWER`` when a later version of Tenprint wrote it.
    """
    with engine.connect() as connection:
        current = revision_of(connection)
    if current == HEAD:
        return False
    if current is not None:
        refuse_unknown(current)
    from alembic import command  # noqa: PLC0415 - as above

    config = configuration()
    # Of several processes that open a database at once, the first one migrates; the others find nothing to do.
    with writing.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision at which a database is, or None when it holds no party's tables."""
    if not sa.inspect(connection).has_table(_VERSION_TABLE.name):
        return None
    revision = connection.execute(sa.select(_VERSION_TABLE.c.version_num)).scalar_one_or_none()
    return None if revision is None else str(revision)


def refuse_unknown(revision: str) -> None:
    """Refuse a revision that is none of this version's.

    Raises:
        StorageError: ``STORE_NEWER``.
    """
    if revision == HEAD:
        return
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    if revision not in {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}:
        said = f"the database is at revision {revision}, unknown here"
        raise StorageError("STORE_NEWER", said, hint="update Tenprint")


def columns_at(revision: str) -> dict[str, frozenset[str]]:
    """Return the names of all tables of a revision with those of their columns; raises as `refuse_unknown`."""
    if revision == HEAD:
        return {table.name: frozenset(table.columns.keys()) for table in metadata.sorted_tables}
    refuse_unknown(revision)
    from alembic import command  # noqa: PLC0415 - as above

    engine, config = sa.create_engine("sqlite://"), configuration()
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            found = columns_of(connection)
    finally:
        engine.dispose()
    return {name: columns for name, columns in found.items() if name != _VERSION_TABLE.name}


def columns_of(connection: sa.Connection) -> dict[str, frozenset[str]]:
    """Return the names of a database's tables with those of their columns."""
    tables = sa.inspect(connection).get_multi_columns()
    return {name: frozenset(str(column["name"]) for column in columns) for (_, name), columns in tables.items()}
