"""A network whose `network.toml` names PostgreSQL databases is used by the same commands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from exchange_rig import card
from typer.testing import CliRunner

from postgres_rig import PostgresRig
from tenprint import bootstrap
from tenprint.adapters.network import load_network, save_network
from tenprint.cli.app import app


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_commands_work_on_a_network_whose_databases_are_on_a_server(postgres: PostgresRig, tmp_path: Path) -> None:
    data, booking = tmp_path / "net", tmp_path / "booking.eft"
    bootstrap.init_network(data)
    network = load_network(data)
    places = tuple(replace(p, database=postgres.empty().render_as_string(hide_password=False)) for p in network.places)
    save_network(replace(network, places=places))
    for place in network.places:
        (data / place.database).unlink()
    ori = network.directory.parties[0].ori
    booking.write_bytes(card("P1", bad=range(1, 11), ori=ori, cri=(ori,)))
    run("submit", booking, "--data", data)
    status = json.loads(run("network", "status", "--data", data, "--json"))
    assert [row["cases"] for row in status[:3]] == [1, 1, 0]
    assert all(row["ledger_entries"] > 0 for row in status[:2])
    assert run("ledger", "verify", "--data", data)
    assert not list(data.rglob("*.db"))
