"""The database's history: one revision a change, run when a database is new or older than the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

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
    current = _current(engine)
    if current == HEAD:
        return False
    from alembic import command  # noqa: PLC0415 - as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = configuration()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StorageError(
            "STORE_NEWER", f"the database is at revision {current}, unknown here", hint="update Tenprint"
        )
    # Of several processes that open a database at once, the first one migrates; the others find nothing to do.
    with writing.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def _current(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(_VERSION_TABLE.name):
            return None
        revision = connection.execute(sa.select(_VERSION_TABLE.c.version_num)).scalar_one_or_none()
    return None if revision is None else str(revision)
