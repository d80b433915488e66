"""A ledger's page: what it shows of enrolments, and of what people said."""

import pytest
from console_rig import at
from exchange_rig import Rig, card

from tenprint.exchange import dispatch
from tenprint.exchange.model.words import Role

pytestmark = pytest.mark.slow


def test_a_ledger_with_an_enrolment_opens_and_its_newest_entries_tell_no_persons_words(rig: Rig) -> None:
    dispatch.enrol(rig.nodes[Role.IMMIGRATION_REPOSITORY], "FIN-P9", card("P9"))
    case_id = rig.until_examined()
    examiner = at(rig, Role.IMMIGRATION_REPOSITORY)
    newest = examiner.get("/ledger/immigration_repository")
    assert "fingers" in newest and "identification" in newest and ": as seen" not in newest
    assert ": as seen" in examiner.get(f"/ledger/immigration_repository?case={case_id}")
