"""The database's history: one revision a change, run when a database is new or older than the program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from tenprint.core.errors import StorageError

_FOLDER = Path(__file__).parent


def configuration() -> Config:
    """Return Alembic's configuration without any file: the scripts lie beside this module."""
    config = Config()
    config.set_main_option("script_location", _FOLDER.as_posix().replace("%", "%%"))
    return config


def head() -> str:
    """Return the newest revision's id; there is exactly one."""
    revision = ScriptDirectory.from_config(configuration()).get_current_head()
    if revision is None:
        raise StorageError("STORE_OUTDATED", "this installation carries no migrations", hint="install Tenprint again")
    return revision


def migrate(engine: Engine) -> bool:
    """Bring the database to the newest revision; tell whether anything was done.

    Raises:
        StorageError: ``STORE_NEWER`` when a later version of Tenprint wrote it.
    """
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == head():
        return False
    if current is not None and current not in _known():
        raise StorageError(
            "STORE_NEWER", f"the database is at revision {current}, unknown here", hint="update Tenprint"
        )
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
