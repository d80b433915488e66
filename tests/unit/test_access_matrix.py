"""Who may do what, as a full table: role, action, kind of task, own or other party, demo or not, finding or not.

The expected table stands here in full, so that a change of a policy has to be made twice, with open eyes.
"""

import itertools
from importlib import resources
from pathlib import Path

import pytest

from tenprint.core.errors import RecordError
from tenprint.exchange.model.words import TaskKind
from tenprint.policy import access
from tenprint.policy.access import DEFAULT_DENY, PUBLIC, Access, Action, OfficialRole, house_access, house_tables

ROLES = [
    "booking_officer", "operator", "examiner", "specialist", "officer", "jail_clerk", "court_clerk", "auditor",
    "public",
]  # fmt: skip
HOMES = {
    "booking_officer": "agency", "operator": "state_bureau", "examiner": "immigration_repository",
    "specialist": "support_center", "officer": "field_office", "jail_clerk": "jail", "court_clerk": "court",
    "auditor": "jail", "public": "",
}  # fmt: skip
CELLS = {
    ".": lambda own, demo, awaits: False,
    "+": lambda own, demo, awaits: True,
    "own": lambda own, demo, awaits: own,
    "own*": lambda own, demo, awaits: own and not awaits,
    "od": lambda own, demo, awaits: own or demo,
    "od*": lambda own, demo, awaits: (own or demo) and not awaits,
    "demo": lambda own, demo, awaits: demo,
    "demo*": lambda own, demo, awaits: demo and not awaits,
    "all*": lambda own, demo, awaits: not awaits,
}
"""own: at the own party; od: there, or in a demo; a star: not while a first finding is to be made."""
EXPECTED = """
                             booking operator examiner specialist officer jail  court auditor public
list_tasks                   own     own      own      own        own     own   own   .       .
read_task/examine            .       .        own*     .          .       .     .     .       .
read_task/examine_second     .       .        own*     .          .       .     .     .       .
read_task/status             .       .        .        own*       .       .     .     .       .
read_task/decide             .       .        .        .          own*    .     .     .       .
read_task/second_look        .       .        .        .          own*    .     .     .       .
read_task/answer_detainer    .       .        .        .          .       own*  .     .       .
read_task/report_release     .       .        .        .          .       own*  .     .       .
read_task/report_custody     .       .        .        .          .       own*  .     .       .
read_task/dispose            .       .        .        .          .       .     own*  .       .
read_task/review             .       .        .        .          own*    .     .     .       .
read_task/report_outcome     .       .        .        .          own*    .     .     .       .
read_task/answer_request     .       own*     .        .          own*    .     .     .       .
read_task/                   .       .        .        .          .       .     .     .       .
read_task/unheard_of         .       .        .        .          .       .     .     .       .
claim_task/examine           .       .        own      .          .       .     .     .       .
claim_task/examine_second    .       .        own      .          .       .     .     .       .
claim_task/status            .       .        .        own        .       .     .     .       .
claim_task/decide            .       .        .        .          own     .     .     .       .
claim_task/second_look       .       .        .        .          own     .     .     .       .
claim_task/answer_detainer   .       .        .        .          .       own   .     .       .
claim_task/report_release    .       .        .        .          .       own   .     .       .
claim_task/report_custody    .       .        .        .          .       own   .     .       .
claim_task/dispose           .       .        .        .          .       .     own   .       .
claim_task/review            .       .        .        .          own     .     .     .       .
claim_task/report_outcome    .       .        .        .          own     .     .     .       .
claim_task/answer_request    .       own      .        .          own     .     .     .       .
claim_task/                  .       .        .        .          .       .     .     .       .
claim_task/unheard_of        .       .        .        .          .       .     .     .       .
answer_task/examine          .       .        own      .          .       .     .     .       .
answer_task/examine_second   .       .        own      .          .       .     .     .       .
answer_task/status           .       .        .        own        .       .     .     .       .
answer_task/decide           .       .        .        .          own     .     .     .       .
answer_task/second_look      .       .        .        .          own     .     .     .       .
answer_task/answer_detainer  .       .        .        .          .       own   .     .       .
answer_task/report_release   .       .        .        .          .       own   .     .       .
answer_task/report_custody   .       .        .        .          .       own   .     .       .
answer_task/dispose          .       .        .        .          .       .     own   .       .
answer_task/review           .       .        .        .          own     .     .     .       .
answer_task/report_outcome   .       .        .        .          own     .     .     .       .
answer_task/answer_request   .       own      .        .          own     .     .     .       .
answer_task/                 .       .        .        .          .       .     .     .       .
answer_task/unheard_of       .       .        .        .          .       .     .     .       .
read_case                    od      od       od       od         od      od    od    demo    .
read_story                   od*     od*      od*      od*        od*     od*   od*   demo*   .
read_message                 od*     od*      od*      od*        od*     od*   od*   demo*   .
read_records                 demo*   demo*    od*      od*        od*     demo* demo* demo*   .
read_prints                  own     own      own      .          .       .     .     .       .
read_ledger                  od*     od*      od*      od*        od*     od*   od*   all*    .
read_why                     od*     od*      od*      od*        od*     od*   od*   all*    .
read_network                 +       +        +        +          +       +     +     +       +
play_stories                 demo    demo     demo     demo       demo    demo  demo  demo    demo
read_operations              .       od       .        .          .       .     .     .       .
try_again                    .       od       .        .          .       .     .     .       .
"""
ROWS = {row.split()[0] if " " in row else row: row.split()[1:] for row in EXPECTED.strip().splitlines()[1:]}


def cells():
    for wish, row in ROWS.items():
        action, _, kind = wish.partition("/")
        for role, code in zip(ROLES, row, strict=True):
            for own, demo, awaits in itertools.product((True, False), repeat=3):
                yield role, action, kind, own, demo, awaits, CELLS[code](own, demo, awaits)


def ask(role: str, action: str, kind: str = "", *, own: bool, demo: bool = False, awaits: bool = False):
    home = HOMES[role]
    party = home if own else "another_party"
    return house_access().decide(role, home, action, party=party, kind=kind, is_demo=demo, awaits_first_finding=awaits)


def test_the_whole_matrix_is_as_written_here() -> None:
    wrong = []
    for role, action, kind, own, demo, awaits, expected in cells():
        verdict = ask(role, action, kind, own=own, demo=demo, awaits=awaits)
        if verdict.allowed != expected:
            wrong.append((role, action, kind, own, demo, awaits, verdict.policy_ids))
    assert wrong == []


def test_the_table_has_a_row_for_every_action_and_kind_of_task_and_a_column_for_every_role() -> None:
    about_tasks = {"read_task", "claim_task", "answer_task"}
    wanted = {str(action) for action in Action} - about_tasks
    wanted |= {f"{action}/{kind}" for action in about_tasks for kind in (*TaskKind, "", "unheard_of")}
    assert ROWS.keys() == wanted
    assert set(OfficialRole) == set(ROLES)
    assert sum(1 for _ in cells()) == 54 * 9 * 8 == 3888


def test_every_verdict_names_a_policy_a_sentence_and_what_was_in_force() -> None:
    known = {*house_access().policies, DEFAULT_DENY}
    for role, action, kind, own, demo, awaits, _ in cells():
        verdict = ask(role, action, kind, own=own, demo=demo, awaits=awaits)
        assert verdict.policy_ids and known.issuperset(verdict.policy_ids)
        assert verdict.sentence.endswith(".") and verdict.sentence[0].isupper() and "_" not in verdict.sentence
        assert verdict.version == house_tables().version and len(verdict.digest) == 64


def test_every_policy_speaks_somewhere_in_the_matrix() -> None:
    spoke = set()
    for role, action, kind, own, demo, awaits, _ in cells():
        spoke |= set(ask(role, action, kind, own=own, demo=demo, awaits=awaits).policy_ids)
    assert spoke == {*house_access().policies, DEFAULT_DENY}


@pytest.mark.parametrize(
    ("role", "home", "action"),
    [
        ("sheriff", "jail", "read_case"), ("jail_clerk", "jail", "erase_case"), ("", "jail", "read_case"),
        ("officer", "", "read_case"), ("public", "jail", "read_case"), ("examiner", "", "read_network"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused(role: str, home: str, action: str) -> None:
    verdict = house_access().decide(role, home, action, party=home, is_demo=True)
    assert not verdict.allowed and verdict.sentence


def test_a_party_without_a_name_is_nobodys_own() -> None:
    assert not house_access().decide("officer", "", Action.READ_CASE, party="").allowed
    assert not house_access().decide(PUBLIC, "", Action.READ_CASE, party="").allowed


@pytest.mark.parametrize("party", ['x"', "x\\", "x\ny", 'Official::"jail"', "é", "x" * 500])
def test_odd_party_names_give_no_right(party: str) -> None:
    assert not house_access().decide("jail_clerk", "jail", Action.READ_CASE, party=party).allowed
    assert house_access().decide("jail_clerk", party, Action.READ_CASE, party=party).allowed


def files() -> tuple[dict[str, str], str]:
    folder = resources.files(access)
    texts = {item.name: item.read_text() for item in folder.iterdir() if item.name.endswith(".cedar")}
    return texts, (folder / "schema.cedarschema").read_text()


@pytest.mark.parametrize("name", sorted(files()[0]))
def test_an_emptied_policy_file_changes_the_matrix(name: str) -> None:
    texts, schema = files()
    kept = Access(texts | {name: "" if len(texts) > 1 else " "}, schema, "test")
    changed = 0
    for role, action, kind, own, demo, awaits, expected in cells():
        home = HOMES[role]
        verdict = kept.decide(
            role, home, action, party=home if own else "x", kind=kind, is_demo=demo, awaits_first_finding=awaits
        )
        changed += verdict.allowed != expected
    assert changed > 50
    assert kept.digest != house_access().digest


def test_forbids_are_not_only_there_for_their_sentence() -> None:
    texts, schema = files()
    without = Access({name: text for name, text in texts.items() if name != "forbids.cedar"}, schema, "test")
    assert without.decide("examiner", "x", "read_story", party="x", awaits_first_finding=True).allowed
    assert without.decide("auditor", "x", "read_message", party="x").allowed


@pytest.mark.parametrize(
    "policy",
    [
        "permit (principal, action, resource);",
        '@id("a") permit (principal, action, resource);',
        '@id("a") @sentence("") permit (principal, action, resource);',
        '@id("default-deny") @sentence("S.") permit (principal, action, resource);',
        '@id("a") @sentence("S.") permit (principal, action, resource) when { principal.party == resource.party };',
        '@id("a") @sentence("S.") permit (principal, action, resource) when { context.is_dmo };',
        '@id("a") @sentence("S.") permit (principal, action == Action::"fly", resource);',
        '@id("a") @sentence("S.") permit (principal, action, resource) when { ',
        "",
    ],
)
def test_a_policy_that_does_not_fit_is_refused_when_it_is_read(policy: str) -> None:
    with pytest.raises(RecordError, match="ACCESS_INVALID"):
        Access({"a.cedar": policy}, files()[1], "test")


def test_two_policies_of_one_id_are_refused() -> None:
    twice = '@id("a") @sentence("S.") permit (principal, action, resource);' * 2
    with pytest.raises(RecordError, match="ACCESS_INVALID"):
        Access({"a.cedar": twice}, files()[1], "test")


def test_policies_are_read_once_for_all_decisions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert house_access() is house_access()
    ask("officer", "read_case", own=True)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("a policy was read again"))
    monkeypatch.setattr(Path, "read_bytes", lambda *_, **__: pytest.fail("a policy was read again"))
    assert ask("officer", "read_case", own=True).allowed
