"""A backup holds no password of a database, and a restore takes it from where libpq or the network has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tenprint import bootstrap
from tenprint.adapters import backup_database
from tenprint.adapters.database import password_of, without_secrets
from tenprint.adapters.network import load_network, save_network
from tenprint.adapters.postgres_server import ROLE, TemporaryPostgres, find_binaries
from tenprint.bootstrap import backup as backups
from tenprint.core.errors import StorageError

PARTY, PASSWORD, OLD = "agency", "Pa55/w@rd", "0ld-one"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://tenprint:Pa55%2Fw%40rd@db.example:5433/agency?sslmode=require",
        "postgresql+psycopg://tenprint@db.example:5433/agency?password=Pa55%2Fw%40rd&sslmode=require",
        "postgresql+psycopg://tenprint:Pa55%2Fw%40rd@db.example:5433/agency?sslpassword=Pa55&sslmode=require",
    ],
)
def test_an_address_without_its_secrets_says_all_the_rest(address: str) -> None:
    url = sa.make_url(address)
    rest = "tenprint@db.example:5433/agency?sslmode=require"
    assert without_secrets(url).render_as_string(hide_password=False) == f"postgresql+psycopg://{rest}"
    assert password_of(url) == PASSWORD and password_of(without_secrets(url)) == ""
    # What PostgreSQL's programs get as an argument is seen by everybody on the machine.
    assert backup_database._address(url) == f"postgresql://{rest}"


@pytest.fixture
def server() -> Iterator[TemporaryPostgres]:
    """Start a server that lets nobody in without the password."""
    if find_binaries() is None:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql-15)")
    with TemporaryPostgres() as started:
        started.create("agency")
        with psycopg.connect(host=str(started.folder), user=ROLE, dbname="agency", autocommit=True) as connection:
            connection.execute(f"ALTER ROLE {ROLE} PASSWORD '{PASSWORD}'")
        (started.folder / "data" / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        started.stop()
        started.start()
        yield started


@pytest.fixture
def network(server: TemporaryPostgres, tmp_path: Path) -> Path:
    """Give a network one of whose parties is on that server, with the password in its file, also an old one."""
    folder = tmp_path / "net"
    bootstrap.init_network(folder)
    file = load_network(folder)
    address = server.url("agency").set(password=PASSWORD).render_as_string(hide_password=False)
    save_network(replace(file, places=tuple(
        replace(place, database=address) if place.party.id == PARTY else place for place in file.places
    )))  # fmt: skip
    with (folder / "network.toml").open("a") as text:
        text.write(f"# before: postgresql+psycopg://tenprint:{OLD}@/agency\n")
    with bootstrap.open_network(folder) as opened:
        opened.run()
    return folder


def emptied(server: TemporaryPostgres) -> None:
    """Let the party's tables be gone, as on a new machine."""
    told = {"host": str(server.folder), "user": ROLE, "dbname": "agency", "password": PASSWORD}
    with psycopg.connect(**told, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def held(folder: Path, *words: str) -> list[str]:
    """Return the files of a folder in which a word stands."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if any(word.encode() in path.read_bytes() for word in words)]


@pytest.mark.slow
def test_a_backup_without_passwords_is_restored_with_one_from_the_environment_or_the_network_itself(
    network: Path, server: TemporaryPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (PASSWORD, "Pa55%2Fw%40rd", OLD)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    assert held(network, *words) == ["network.toml"]
    saved = backups.back_up(network, tmp_path / "copies").folder
    assert held(saved, *words) == []
    assert load_network(saved).directory == load_network(network).directory
    whole = backups.back_up(network, tmp_path / "guarded", with_keys=True).folder
    assert held(whole, *words) == ["network.toml"]

    emptied(server)
    with pytest.raises(StorageError, match="STORE_UNREACHABLE") as refused:
        backups.restore(saved, tmp_path / "new")
    assert "PGPASSWORD" in refused.value.hint and not (tmp_path / "new").exists()
    backups.restore(saved, network, [PARTY], replace_them=True)  # from the network's own file

    emptied(server)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert PARTY in [one.party for one in backups.restore(saved, tmp_path / "new")]
    assert held(tmp_path / "new", *words) == []
    monkeypatch.delenv("PGPASSWORD")

    emptied(server)
    (tmp_path / "pgpass").write_text(f"*:*:*:*:{PASSWORD}\n")
    (tmp_path / "pgpass").chmod(0o600)
    assert PARTY in [one.party for one in backups.restore(saved, tmp_path / "newer")]
