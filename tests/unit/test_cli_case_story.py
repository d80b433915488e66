"""What `tenprint case show` says of courts and corrections; times in JSON have one form."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from exchange_rig import START, Rig, card

from tenprint.cli.case_changes import subsequent_activity
from tenprint.cli.output import print_json
from tenprint.core.clock import to_wire
from tenprint.exchange import dispatch
from tenprint.exchange.model.words import Role, TaskKind


def test_a_correction_says_what_was_corrected_why_and_by_which_person(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    what, why = "DOB is 19800219", "misread on the card"
    dispatch.correct(rig.nodes[Role.AGENCY], case_id, kind="corrected", what=what, reason=why, by="A CLERK")
    (said,) = subsequent_activity(rig.all, case_id)["correction"]
    assert (said["what"], said["reason"], said["person"]) == (what, why, "A CLERK")
    assert (said["by"], said["kind"], said["made_at"]) == ("agency", "corrected", to_wire(START))
    assert said["not answered"] == "state_bureau"


def test_a_disposition_names_court_docket_and_clerk(make: Callable[..., Rig]) -> None:
    rig = make(court=True)
    case_id = rig.book(card("P1"))
    details = {"decided_on": "2010-10-04", "reference": "DOCKET 7"}
    rig.decide(Role.COURT, TaskKind.DISPOSE, case_id, "dismissed", by="C. EXAMPLE", **details)
    (said,) = subsequent_activity(rig.all, case_id)["disposition"]
    assert (said["court"], said["docket"], said["clerk"]) == ("court", "DOCKET 7", "C. EXAMPLE")
    assert said["said_at"] == to_wire(START)


def test_a_moment_in_json_has_the_form_that_it_has_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(
        {"time": datetime(2010, 10, 4, 8, 0, 0, 4000, tzinfo=UTC), "day": datetime(2010, 10, 4, tzinfo=UTC).date()}
    )
    assert json.loads(capsys.readouterr().out) == {"time": "2010-10-04T08:00:00.004Z", "day": "2010-10-04"}
