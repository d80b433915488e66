"""A party's disk is full, read-only or damaged: that is named, stops nobody else, and leaves nothing half written.

Full and read-only disks are real ones, in memory, which only root may mount. All people are invented.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exchange_rig import Rig, build_rig, card, reopened, run_through_retries
from test_exchange_batches import acknowledgements, submitted, taken

from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.store import SqlStore
from tenprint.core.errors import StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.words import CaseState, Role
from tenprint.ledger.tree import leaf_hash, root

pytestmark = pytest.mark.slow
AGENCY, STATE = Role.AGENCY, Role.STATE_BUREAU


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder that is a disk of one megabyte, where the state bureau lives."""
    folder = tmp_path / "rig" / "state_bureau"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def mounted(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


def filled(folder: Path) -> Path:
    """Take all the room that is left on a disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def run(rig: Rig) -> dict[str, str]:
    """Run until nothing is due; return the code by which each failing party was named."""
    faults: dict[str, str] = {}
    dispatch.run_until_idle(rig.all, on_fault=lambda fault: faults.update({fault.party: fault.problem.code}))
    return faults


def sound(rig: Rig, role: Role) -> bool:
    """Tell whether a party's database is whole, and its ledger's kept edge is that of its entries."""
    store = rig.nodes[role].store
    with store.reading() as reader:
        whole = reader._connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        frontier = reader.frontier()
        leaves = [leaf_hash(entry.leaf()) for entry in reader.entries()]
    return whole and (frontier.size, frontier.root()) == (len(leaves), root(leaves))


def test_a_receiver_whose_disk_is_full_refuses_for_now_and_takes_the_booking_when_there_is_room(
    disk: Path, tmp_path: Path
) -> None:
    rig = build_rig(tmp_path / "rig")
    rig.run()
    (case,) = submitted(rig, "P1")
    filler = filled(disk)
    assert run(rig) == {}  # nobody's own work fails: the agency's letter waits in its outbox
    with rig.nodes[AGENCY].store.reading() as reader:
        (waiting,) = reader.headings(case)
        assert reader.failures_of("outbox", waiting.key) == 1
    assert sound(rig, STATE)
    assert rig.case(STATE, case) is None and rig.entries(STATE) == []
    filler.unlink()
    run_through_retries(rig)
    assert rig.case(AGENCY, case).state == CaseState.NO_MATCH
    rig.close()


def test_a_party_whose_disk_is_full_stops_itself_only_and_goes_on_when_there_is_room(
    disk: Path, tmp_path: Path
) -> None:
    rig = build_rig(tmp_path / "rig")
    case, other = submitted(rig, "P1", "P2")
    dispatch.relay_due(rig.nodes[AGENCY], 32)
    taken(rig, acknowledgements(rig, other))
    filler = filled(disk)
    before = len(rig.entries(STATE))
    assert run(rig) == {"state_bureau": "STORE_FULL"}
    assert rig.case(AGENCY, other).state == CaseState.SEARCHING  # the agency handled its mail
    assert rig.case(STATE, case) is None and len(rig.entries(STATE)) == before
    assert sound(rig, STATE)
    with pytest.raises(StorageError, match="STORE_FULL"):
        rig.run()  # nobody asked to be told
    filler.unlink()
    run_through_retries(rig)
    assert rig.case(AGENCY, case).state == CaseState.NO_MATCH
    assert sound(rig, STATE)
    rig.close()


def test_a_disk_that_is_full_before_its_party_starts_is_named(disk: Path, tmp_path: Path) -> None:
    rig = build_rig(tmp_path / "rig")
    rig.nodes[STATE].store.close()  # the last connection takes the index of the log with it
    filler = filled(disk)
    with pytest.raises(StorageError, match="STORE_FULL"):
        reopened(rig, STATE)
    filler.unlink()
    reopened(rig, STATE)
    assert run(rig) == {}
    rig.close()


def test_a_full_disk_under_the_blobs_is_named_and_leaves_no_part_of_a_file(disk: Path) -> None:
    blobs = FileBlobs(disk / "blobs")
    blobs.put(b"first")
    filler = filled(disk)
    with pytest.raises(StorageError, match="STORE_FULL"):
        blobs.put_many([bytes([n]) * 10_000 for n in range(3)])
    assert [path.name for path in (disk / "blobs").rglob("*.part")] == []
    filler.unlink()
    assert len(blobs.put_many([bytes([n]) * 10_000 for n in range(3)])) == 3


def test_a_read_only_disk_is_named_when_a_party_is_opened_and_when_a_blob_is_put(disk: Path, tmp_path: Path) -> None:
    rig = build_rig(tmp_path / "rig")
    address = rig.nodes[STATE].store._engine.url
    rig.close()
    mounted(disk, "ro")
    with pytest.raises(StorageError) as refused:
        SqlStore(address, FileBlobs(disk / "blobs"), "state_bureau")
    assert refused.value.code == "STORE_READONLY"
    with pytest.raises(StorageError, match="STORE_READONLY"):
        FileBlobs(disk / "blobs").put(b"x")
    mounted(disk, "rw")
    SqlStore(address, FileBlobs(disk / "blobs"), "state_bureau").close()


def test_a_database_that_may_not_be_written_any_more_stops_its_party_only(make: Callable[..., Rig]) -> None:
    rig = make()
    case, other = submitted(rig, "P1", "P2")
    dispatch.relay_due(rig.nodes[AGENCY], 32)
    taken(rig, acknowledgements(rig, other))
    for query_only, faults in ((1, {"state_bureau": "STORE_READONLY"}), (0, {})):
        with rig.nodes[STATE].store.reading() as reader:
            reader._connection.exec_driver_sql(f"PRAGMA query_only={query_only}")
        assert run(rig) == faults
        assert sound(rig, STATE)
        assert rig.case(AGENCY, other).state != CaseState.SUBMITTED
    assert rig.case(AGENCY, case).state == CaseState.NO_MATCH


def test_a_damaged_page_is_named_and_the_other_parties_go_on(make: Callable[..., Rig]) -> None:
    rig = make()
    rig.book(card("P1", tcn="TCN-2010-0000009"))
    _, other = submitted(rig, "P2", "P3")
    dispatch.relay_due(rig.nodes[AGENCY], 32)
    taken(rig, acknowledgements(rig, other))
    path = Path(rig.nodes[STATE].store._engine.url.database)
    rig.nodes[STATE].store.close()  # the last connection writes its log back into the file
    kept = path.with_suffix(".kept")
    shutil.copyfile(path, kept)
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(data)
    assert run(rig) == {"state_bureau": "STORE_DAMAGED"}
    assert rig.case(AGENCY, other).state == CaseState.SEARCHING
    rig.nodes[STATE].store.close()
    shutil.copyfile(kept, path)
    run_through_retries(rig)
    assert rig.case(AGENCY, other).state == CaseState.NO_MATCH
    assert sound(rig, STATE)
