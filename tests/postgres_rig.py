"""Databases for tests that run on both kinds: a SQLite file, or a database on a PostgreSQL server of the test run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from tenprint.adapters.database import migrate, sqlite_url
from tenprint.adapters.postgres_server import TemporaryPostgres, find_binaries

DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
"""For `pytest.mark.parametrize`, or a fixture's `params`; the unmarked tests stay short on SQLite."""
EMPTY = "with_all_tables"
_numbers = count()


class PostgresRig:
    """A server, and as many databases as tests ask for, each with all tables or empty."""

    def __init__(self, server: TemporaryPostgres) -> None:
        self.server = server
        migrate(server.create(EMPTY))

    def migrated(self) -> sa.URL:
        return self.server.create(f"party{next(_numbers)}", EMPTY)

    def empty(self) -> sa.URL:
        return self.server.create(f"party{next(_numbers)}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresRig]:
    """Start a server, or skip the test."""
    if find_binaries() is None:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql-15)")
    with TemporaryPostgres() as server:
        yield PostgresRig(server)


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], sa.URL]:
    """Give a maker of addresses of new, empty databases of a kind."""

    def make(kind: str) -> sa.URL:
        if kind == "sqlite":
            return sqlite_url(tmp_path / "party" / f"{next(_numbers)}.db")
        return request.getfixturevalue("postgres").empty()

    return make
