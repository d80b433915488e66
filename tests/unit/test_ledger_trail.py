"""The trail of a case on the wire: what was carried is said beside what is proved."""

import json

import pytest

from tenprint.core.canonical import canonical_json
from tenprint.core.errors import RecordError
from tenprint.ledger.trail import MAX_CARRIED, CaseTrail


def test_a_trail_that_says_what_was_carried_reads_back_and_one_without_keeps_its_form():
    said = CaseTrail(b"note", (), 0, {"car-1": "14 images (Type-14): 10 rolled, 4 plain; WSQ20"})
    assert CaseTrail.from_bytes(said.to_bytes()) == said
    assert set(json.loads(CaseTrail(b"note", ()).to_bytes())) == {"type", "v", "checkpoint", "beyond", "disclosures"}


@pytest.mark.parametrize("carried", [{"car-1": 7}, {"car-1": "x" * (MAX_CARRIED + 1)}, [], {}, "all"])
def test_what_was_carried_in_another_form_is_no_trail(carried):
    values = json.loads(CaseTrail(b"note", ()).to_bytes()) | {"carried": carried}
    with pytest.raises(RecordError, match="LEDGER_TRAIL_FORM"):
        CaseTrail.from_bytes(canonical_json(values))
