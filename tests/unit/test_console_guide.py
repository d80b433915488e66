"""The guide's program for checking a proof by hand proves what is so, and nothing else."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from console_rig import at, sign
from exchange_rig import rigs

from tenprint.exchange.model.words import Role

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "console.md"
PARTY = "field_office"
LOOKS = 3
"""Entries beyond the ones of the case, so that paths of several shapes are checked."""


@pytest.fixture(scope="module")
def saved() -> Iterator[tuple[list[dict], dict[str, str]]]:
    """Give every proof of a ledger as its page hands it out, and the keys of the public page."""
    with rigs() as make:
        rig = make()
        case_id = rig.until_held()
        officer = at(rig, Role.FIELD_OFFICE)
        for _ in range(LOOKS):
            officer.get(f"/cases/{case_id}")
        sign(rig)
        size = len(rig.entries(Role.FIELD_OFFICE))
        keys = re.findall(r">(tenprint/(\w+)\+[0-9a-f]{8}\+[^<…]+)<", unescape(officer.get("/network")))
        yield (
            [officer.json(f"/ledger/{PARTY}/{number}.json") for number in range(size)],
            {party: key for key, party in keys},
        )


@pytest.fixture
def check(tmp_path: Path) -> Callable[[dict, str], str]:
    """Give a way to run the program of the guide; it returns what was said."""
    (program,) = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "check.py").write_text(program)

    def run(proof: dict, key: str) -> str:
        (tmp_path / "proof.json").write_text(json.dumps(proof))
        done = subprocess.run(
            [sys.executable, "-I", "check.py", "proof.json", key],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert (done.returncode == 0) == done.stdout.startswith("Proved: "), done.stderr
        return done.stdout or done.stderr

    return run


def test_every_entry_of_a_ledger_is_proved_by_the_program_of_the_guide(saved, check) -> None:
    proofs, keys = saved
    assert len(proofs) > LOOKS + 2
    for number, proof in enumerate(proofs):
        assert check(proof, keys[PARTY]).startswith(f"Proved: entry {number} of {len(proofs)} in the ledger ")


def test_what_was_changed_or_signed_by_somebody_else_is_not_proved(saved, check) -> None:
    proofs, keys = saved
    whole, key = json.dumps(proofs[1]), keys[PARTY]

    def changed(change: Callable[[dict], object]) -> str:
        proof = json.loads(whole)
        change(proof)
        return check(proof, key)

    assert "the field time was changed" in changed(lambda proof: proof["entry"]["fields"].update(time="2010"))
    not_there = "the entry is not in the log that was signed"
    assert not_there in changed(lambda proof: proof.update(entry=proofs[2]["entry"]))
    assert not_there in changed(lambda proof: proof["disclosure"].update(index=2))
    assert not_there in changed(lambda proof: proof["disclosure"]["path"].pop())
    assert "did not sign" in changed(
        lambda proof: proof.update(checkpoint=proof["checkpoint"].replace("time 20", "time 21"))
    )
    assert "no signed checkpoint" in changed(lambda proof: proof.update(disclosure=None, checkpoint=None))
    assert "another party's" in check(proofs[1], keys["jail"])
    other = key.rpartition("+")[0] + "+" + keys["jail"].split("+", 2)[2]
    assert "did not sign" in check(proofs[1], other)
