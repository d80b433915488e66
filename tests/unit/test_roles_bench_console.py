"""`tenprint bench console`: what it counts as one kind of page, and that it needs a demo."""

import pytest
from typer.testing import CliRunner

from tenprint.cli.app import app
from tenprint.cli.bench_console import Timing, _heading, _pattern


def test_pages_of_one_kind_differ_by_numbers_only() -> None:
    assert _pattern("/cases/case-719da0211a42a702dcef") == _pattern("/cases/case-1b") == "/cases/*"
    assert _pattern("/queue?show=mine") == "/queue"
    assert _pattern("/tasks/task-7/clock?ticks=3") == "/tasks/*/clock"
    assert _heading(b'<h1 class="x">Decide <b>what</b> &amp; why</h1>') == "Decide what & why"


def test_a_row_tells_median_and_slowest() -> None:
    row = Timing("/queue", "jail", ["/queue"], [3.0, 1.0, 8.0])
    assert (row.median, row.slowest) == (3.0, 8.0)
    assert row.as_json()["median_ms"] == 3.0


def test_without_a_network_there_is_nothing_to_measure(tmp_path) -> None:
    answer = CliRunner().invoke(app, ["bench", "console", "--data", str(tmp_path)])
    assert answer.exit_code != 0 and getattr(answer.exception, "code", "") == "NO_NETWORK"


@pytest.mark.slow
def test_every_role_sees_pages_and_the_demo_itself_is_not_touched(tmp_path) -> None:
    from exchange_rig import START

    from tenprint import bootstrap
    from tenprint.core.clock import ManualClock

    bootstrap.init_network(tmp_path / "data", seed=7, founding=bootstrap.Founding(tmp_path / "data", clock_start=START))
    with bootstrap.open_network(tmp_path / "data") as network:
        assert isinstance(network.clock, ManualClock)
        network.run()
        before = [len(node.store.entries()) for node in network.nodes.values()]
    answer = CliRunner().invoke(app, ["bench", "console", "--data", str(tmp_path / "data"), "--times", "1", "--json"])
    assert answer.exit_code == 0, answer.output
    assert answer.output.count('"/queue"') == len(before)
    with bootstrap.open_network(tmp_path / "data") as network:
        assert [len(node.store.entries()) for node in network.nodes.values()] == before
