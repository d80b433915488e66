"""What a court or a correction says of a case stands on the pages of tasks and of the case, as a role may see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from console_rig import Desktop, console, house_of, text_of
from exchange_rig import Rig

from tenprint.exchange import dispatch, story
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.exchange.tasks.corrections import CORRECTIONS
from tenprint.policy.access import HIDDEN, masked
from tenprint.web.desk import Desk
from tenprint.web.news_words import news_of
from tenprint.web.sessions import Sessions
from tenprint.web.sight import Sight

pytestmark = pytest.mark.slow
DISMISSED = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}
ORDER = {"what": "order CR-2010-17 (fictitious)", "reason": "arrested by mistake", "by": "CLERK GAVEL"}


@pytest.fixture
def told(make: Callable[..., Rig]) -> tuple[Rig, str]:
    """Give a held person's case whose charge was dismissed and whose record was sealed."""
    rig = make(court=True)
    case_id = rig.until_held()
    rig.decide(Role.COURT, TaskKind.DISPOSE, case_id, "dismissed", **DISMISSED)
    dispatch.correct(rig.nodes[Role.COURT], case_id, kind="sealed", **ORDER)
    rig.run()
    return rig, case_id


def test_tasks_and_case_pages_say_what_is_new(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    desk = Desktop(console(rig)).take(Role.JAIL, "KIM CLERK")
    for path in (f"/tasks/{rig.task(Role.JAIL, TaskKind.REPORT_CUSTODY, case_id).id}", f"/cases/{case_id}"):
        said = text_of(desk.get(path))
        assert "A record was sealed" in said and "order CR-2010-17 (fictitious)" in said
        assert "dismissed (5404 DRIVING UNDER INFLUENCE)" in said


def test_who_may_not_see_a_charge_is_not_told_how_it_ended(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    case = rig.case(Role.IMMIGRATION_REPOSITORY, case_id)
    assert case.known[CORRECTIONS]
    said = " ".join(news_of(case, lambda fields: masked("examiner", fields).fields))
    assert HIDDEN in said and "dismissed" not in said and "INFLUENCE" not in said


@pytest.mark.parametrize(("role", "sees"), [("examiner", False), ("operator", True)])
def test_how_a_charge_ended_is_hidden_on_a_ledger_too_from_who_may_not_see_it(
    told: tuple[Rig, str], role: str, sees: bool
) -> None:
    rig, case_id = told
    node = rig.nodes[Role.IMMIGRATION_REPOSITORY]
    sight = Sight(Desk(house_of(rig), tells_whole_story=False), Sessions().start(node.party.id, "ANN EXAMINER", role))
    (entry,) = (one for one in node.store.case_entries(case_id) if one.fields["kind"] == "disposition")
    assert ("outcome" in sight.entry(entry).fields) is sees
    assert ("dismissed" in story.line_of(node, entry, see=sight).sentence) is sees


def test_a_courts_own_people_see_where_their_case_stands(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    desk = Desktop(console(rig, is_demo=True)).take(Role.COURT, "CLERK GAVEL")
    assert "dismissed" in text_of(desk.get(f"/cases/{case_id}"))
