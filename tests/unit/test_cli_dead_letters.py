"""What was given up can be seen, with what to do next, and tried again, from the command line."""

import json
from pathlib import Path

import pytest
from test_cli_refusals import EXIT_REFUSED, tenprint

from tenprint import bootstrap
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import Kind, Role

GIVEN_UP_AGAIN = 1


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Found a network whose criminal repository has given up an IAR that nobody can read."""
    folder = tmp_path_factory.mktemp("cli") / "net"
    bootstrap.init_network(folder)
    with bootstrap.open_network(folder) as opened:
        center = opened.node(Role.SUPPORT_CENTER)
        envelope = Envelope(
            id="iar-1", kind=Kind.IAR, sender="support_center", recipient="criminal_repository", case_id="case-1",
            sent_at=opened.clock.now(), body=b"no IAR",
        )  # fmt: skip
        envelope = envelope.signed(center.services.signer.sign(envelope.signed_bytes()))
        center.post.deliver(envelope.to_bytes(), "criminal_repository")
        opened.run()
    return folder


@pytest.mark.slow
def test_dead_letters_are_listed_with_why_and_what_to_do_next(network: Path) -> None:
    shown = tenprint("network", "dead-letters", "--data", network)
    assert shown.returncode == 0, shown.stderr
    assert "iar-1" in shown.stdout
    (letter,) = json.loads(tenprint("network", "dead-letters", "--json", "--data", network).stdout)
    assert letter.pop("failure") in shown.stdout.replace("\n", "")
    assert "sender has to say it otherwise" in letter.pop("next")
    assert letter == {
        "party": "criminal_repository", "box": "inbox", "kind": "IAR", "case": "case-1", "message": "iar-1",
        "sender": "support_center", "attempts": 1,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iar-1", "support_center/iar-1"])
def test_a_revived_message_is_tried_at_once_and_told_when_it_is_given_up_again(network: Path, name: str) -> None:
    revived = tenprint("network", "revive", name, "--party", "criminal_repository", "--data", network)
    assert revived.returncode == GIVEN_UP_AGAIN, revived.stderr
    assert "Given up again" in revived.stdout
    (letter,) = json.loads(tenprint("network", "dead-letters", "--json", "--data", network).stdout)
    assert letter["attempts"] == 1


@pytest.mark.slow
def test_many_are_revived_at_once_by_party_and_code_and_a_dry_run_only_counts_them(network: Path) -> None:
    before = letters_of(network)
    dry = tenprint("network", "revive", "--all", "--dry-run", "--data", network)
    assert (dry.returncode, letters_of(network)) == (0, before)
    assert "Would revive 1 of criminal_repository." in dry.stdout
    assert before[0]["failure"] in dry.stdout
    chosen = ("--party", "criminal_repository", "--code", before[0]["failure"])
    revived = tenprint("network", "revive", "--all", *chosen, "--json", "--data", network)
    assert revived.returncode == GIVEN_UP_AGAIN
    assert json.loads(revived.stdout) == {
        "dry_run": False, "count": 1, "given_up_again": 1,
        "letters": [{"party": "criminal_repository", "box": "inbox", "code": before[0]["failure"], "count": 1}],
    }  # fmt: skip
    for others in (("--code", "STORE_FULL"), ("--party", "jail")):
        answered = tenprint("network", "revive", "--all", *others, "--data", network)
        assert (answered.returncode, answered.stdout.strip()) == (0, "Nothing was given up.")


def letters_of(network: Path) -> list[dict[str, str]]:
    return json.loads(tenprint("network", "dead-letters", "--json", "--data", network).stdout)


@pytest.mark.slow
@pytest.mark.parametrize("said", [(), ("iar-1",), ("iar-1", "--all"), ("iar-1", "--party", "jail", "--code", "X")])
def test_a_revival_names_one_message_of_a_party_or_all_and_never_both(network: Path, said: tuple[str, ...]) -> None:
    answered = tenprint("network", "revive", *said, "--data", network)
    assert answered.returncode == EXIT_REFUSED
    assert answered.stderr.startswith("CLI_CONTRADICTION")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "party", "code"),
    [
        ("iar-2", "criminal_repository", "UNKNOWN_DEAD_LETTER"),
        ("iar-1", "jail", "UNKNOWN_DEAD_LETTER"),
        ("agency/iar-1", "criminal_repository", "UNKNOWN_DEAD_LETTER"),
        ("iar-1", "nobody", "UNKNOWN_PARTY"),
    ],
)
def test_an_unknown_dead_letter_gets_a_sentence_and_exit_code_2(
    network: Path, name: str, party: str, code: str
) -> None:
    answered = tenprint("network", "revive", name, "--party", party, "--data", network)
    assert answered.returncode == EXIT_REFUSED
    assert answered.stderr.startswith(code)
    assert "Traceback" not in answered.stderr + answered.stdout
