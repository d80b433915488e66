"""What follows a booking, from the command line: corrections, cancellations, counts; each refusal is a sentence."""

import json
from pathlib import Path

import pytest
from exchange_rig import Rig
from test_cli_refusals import EXIT_REFUSED, tenprint

from tenprint import bootstrap
from tenprint.cli import tasks
from tenprint.exchange.model.words import Role, TaskKind

pytestmark = pytest.mark.slow
ORDER = ("--what", "an order")
BY_OFFICE = ("--party", "field_office", "--kind", "corrected")
BY_JAIL = ("--party", "jail", "--kind", "corrected")
OUTCOME = ("--outcome", "removed=2010-10-04", "--right-outcome", "did_not_happen")
WRONG_STATUS = ("--party", "support_center", "--kind", "corrected")
WHO = ("--by", "CLERK GAVEL", "--reason", "arrested by mistake")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Found a network in which nobody was booked."""
    folder = tmp_path_factory.mktemp("cli") / "net"
    bootstrap.init_network(folder)
    return folder


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("correct", "case-1", "--party", "state_bureau", "--kind", "expunged", *ORDER, *WHO), "UNKNOWN_CASE"),
        (("correct", "case-1", "--party", "jail", "--kind", "sealed", *ORDER, *WHO), "CORRECTION_NOT_YOURS"),
        (("correct", "case-1", "--party", "nobody", "--kind", "expunged", *ORDER, *WHO), "UNKNOWN_PARTY"),
        (("correct", "case-1", "--party", "state_bureau", "--kind", "sealed", *ORDER), "PERSON_MISSING"),
        (("correct", "case-1", *WRONG_STATUS, "--status", "alien", *ORDER, *WHO), "STATUS_UNKNOWN"),
        (("correct", "case-1", *WRONG_STATUS, "--status", "final_order", *ORDER, *WHO), "LEGAL_GROUND_MISSING"),
        (("correct", "case-1", *WRONG_STATUS, "--legal-ground", "8 USC", *ORDER, *WHO), "STATUS_MISSING"),
        (("correct", "case-1", *BY_OFFICE, *ORDER, *WHO), "OUTCOME_MISSING"),
        (("correct", "case-1", *BY_OFFICE, *OUTCOME, *ORDER, *WHO), "UNKNOWN_CASE"),
        (("correct", "case-1", *BY_JAIL, *OUTCOME, *ORDER, *WHO), "CORRECTION_NOT_YOURS"),
        (("cancel", "case-1", "--party", "field_office", *WHO), "UNKNOWN_CASE"),
        (("cancel", "case-1", "--party", "jail", *WHO), "NOT_A_FIELD_OFFICE"),
        (("reopen", "case-1", "--party", "jail", *WHO), "UNKNOWN_CASE"),
        (("reopen", "case-1", "--party", "field_office", *WHO), "NOT_A_COURT"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_a_code(network: Path, words: tuple[str, ...], code: str) -> None:
    refused = tenprint("case", *words, "--data", network)
    assert (refused.returncode, code in refused.stderr) == (EXIT_REFUSED, True), refused.stderr


def test_removals_are_counted_per_field_office(network: Path) -> None:
    counted = tenprint("case", "removals", "--json", "--data", network)
    assert json.loads(counted.stdout) == {"field_office": 0}


def test_shared_and_never_convicted_is_counted_for_machines_and_for_people(network: Path) -> None:
    counted = json.loads(tenprint("case", "convictions", "--json", "--data", network).stdout)
    assert (counted["shared"], counted["shared_and_never_convicted"], counted["bookings"]) == (0, 0, [])
    assert [one["party"] for one in counted["ledgers"]] == ["criminal_repository", "immigration_repository"]
    told = tenprint("case", "convictions", "--data", network).stdout
    assert "no disposition yet (pending is not no)" in told
    assert "Shared and never convicted: 0 of 0 (dismissed, acquitted, not charged)." in told
    assert f"Counted until {counted['counted_until'][:16].replace('T', ' ')} UTC" in told


def test_a_task_is_shown_with_which_answers_need_a_ground_of_law(rig: Rig) -> None:
    case_id = rig.until_examined()
    needed = tasks._needs(rig.task(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id))
    assert "--detail legal_ground=TEXT" in needed
    assert "removable" in needed and "citizen" not in needed
    assert tasks._needs(rig.task(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id)) == ""
