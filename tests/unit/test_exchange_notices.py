"""Whom a change of rule, route or activation binds is told: what changed, who decided, from when."""

from __future__ import annotations

import pytest
from exchange_rig import Rig

from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.model.notices import RULES, RuleNotice
from tenprint.exchange.model.words import Kind, Role

pytestmark = pytest.mark.slow
CHANGE = {"what": "XX0010000 is on the activation list", "by": "DIRECTOR FIXTURE", "effective_from": "2010-11-01"}


def test_everybody_whom_a_change_binds_is_told_and_signs_for_it(rig: Rig) -> None:
    node = rig.nodes[Role.CRIMINAL_REPOSITORY]
    assert dispatch.notify(node, binds=["agency", "state_bureau", "agency"], **CHANGE) == ("agency", "state_bureau")
    assert [one.is_delivered for one in dispatch.notices(node)] == [False, False]
    rig.run()
    assert [one.is_delivered for one in dispatch.notices(node)] == [True, True]
    (told,) = dispatch.notices(rig.nodes[Role.AGENCY])
    assert (told.said.what, told.said.decided_by) == (CHANGE["what"], CHANGE["by"])
    assert (told.said.effective_from, told.said.binds, told.sender) == (
        "2010-11-01", "agency state_bureau", "criminal_repository",
    )  # fmt: skip
    assert [len(rig.entries(role, "notified")) for role in (Role.AGENCY, Role.STATE_BUREAU, Role.JAIL)] == [1, 1, 0]
    assert all(rig.case(role, RULES) is None for role in rig.nodes)  # it is about nobody


@pytest.mark.parametrize(
    ("role", "words", "code"),
    [
        (Role.AGENCY, {}, "NOTICE_NOT_YOURS"),
        (Role.STATE_BUREAU, {"binds": []}, "NOBODY_BOUND"),
        (Role.STATE_BUREAU, {"binds": ["nobody"]}, "UNKNOWN_PARTY"),
        (Role.STATE_BUREAU, {"effective_from": "2010-02-30"}, "DAY_IMPOSSIBLE"),
        (Role.STATE_BUREAU, {"by": "me"}, "PERSON_MISSING"),
        (Role.STATE_BUREAU, {"what": ""}, "REASON_MISSING"),
    ],
)
def test_a_notice_that_cannot_be_is_refused_and_changes_nothing(
    rig: Rig, role: Role, words: dict[str, object], code: str
) -> None:
    before = len(rig.entries(role))
    with pytest.raises(SenderError) as caught:
        dispatch.notify(rig.nodes[role], **({"binds": ["jail"]} | CHANGE | words))
    assert (caught.value.code, len(rig.entries(role))) == (code, before)


@pytest.mark.parametrize(
    ("case_id", "binds", "code"), [(RULES, "jail", "NOT_BOUND"), ("case-1", "state_bureau", "NO_NOTICE")]
)
def test_a_notice_for_others_or_under_a_case_is_refused(rig: Rig, case_id: str, binds: str, code: str) -> None:
    body = RuleNotice("a change", "DIRECTOR FIXTURE", "2010-11-01", binds).to_bytes()
    rig.say(Role.CRIMINAL_REPOSITORY, Role.STATE_BUREAU, Kind.RULE_NOTICE, body, case_id)
    assert rig.failures(Role.STATE_BUREAU) == [code]
