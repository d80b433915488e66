"""The story files: ten that can be told, and every mistake refused with the name of file and field."""

import re
from datetime import UTC, datetime

import pytest

from tenprint.core.errors import SenderError
from tenprint.exchange.model.words import FINAL_STATES, CaseState, TaskKind
from tenprint.studies.script import load_script, script_path
from tenprint.studies.story_file import STORY_NAMES, load_named, load_others, load_stories, load_story, story_folder

STORIES = load_stories()
GOOD = (story_folder() / "traffic.toml").read_text()


def refusal(tmp_path, text: str) -> SenderError:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(SenderError) as refused:
        load_story(path)
    assert refused.value.code == "STORY_INVALID"
    assert "broken.toml" in refused.value.message
    return refused.value


def test_there_are_the_ten_named_stories_told_in_the_order_of_their_days() -> None:
    assert {story.name for story in STORIES} == {
        "citizen", "permanent-resident", "traffic", "dismissed", "dual-arrest", "juvenile", "holiday-hold", "declined",
        "late-hit", "expunged",
    }  # fmt: skip
    assert [story.booked for story in STORIES] == sorted(story.booked for story in STORIES)


def test_each_story_ends_in_a_final_state_and_says_what_is_not_built() -> None:
    assert all(story.ends in FINAL_STATES and story.not_built for story in STORIES)
    ends = {story.name: story.ends for story in STORIES}
    assert ends["citizen"] == CaseState.NO_ACTION
    assert ends["declined"] == CaseState.DECLINED
    assert len(set(ends.values())) >= 6


TOLD_ENDS = {
    "transferred": ("transfer", "drops"),
    "declined": ("decline", "says no"),
    "lapsed": ("lapse", "nobody comes"),
    "no_match": ("no record was found", "the next morning", "too late"),
    "interviewed": ("asks to talk", "interview"),
    "no_action": ("no action", "erase", "expunge", "all the same"),
}


def test_no_story_tells_its_end_before_it_has_ended_and_each_asks_a_question() -> None:
    for story in load_stories():
        before = f"{story.title} {story.line} {story.introduction}".lower()
        assert story.line.endswith("?"), story.name
        assert not [words for words in TOLD_ENDS[story.ends] if words in before], story.name


def test_no_two_stories_share_fingers_a_name_or_a_record() -> None:
    assert len({story.person.fingers for story in STORIES}) == len(STORIES)
    assert len({story.person.name for story in STORIES}) == len(STORIES)
    records = [story.known.subject for story in STORIES if story.known]
    assert len(set(records)) == len(records)


def test_the_people_of_the_stories_are_visibly_invented() -> None:
    invented = {
        "PLACEHOLDER", "SPECIMEN", "EXAMPLE", "SAMPLE", "FIXTURE", "MOCKUP", "PROTOTYPE", "PRETEND", "BLUEPRINT",
        "DUMMY",
    }  # fmt: skip
    assert {story.person.name.partition(",")[0] for story in STORIES} == invented
    officials = {answer.by for story in STORIES for answer in story.answers}
    assert officials <= set(load_script(script_path()).people.values())


def test_the_facts_that_make_a_story_hold() -> None:
    traffic, juvenile = load_named("traffic"), load_named("juvenile")
    assert traffic.is_traffic_only
    assert not load_named("dismissed").is_traffic_only
    assert juvenile.booked.date() < juvenile.person.born.replace(year=juvenile.person.born.year + 18)
    holiday = load_named("holiday-hold").booked
    assert (holiday.date().isoformat(), holiday.strftime("%A")) == ("2010-10-08", "Friday")
    late = load_named("late-hit")
    assert late.known is None
    assert late.later is not None


def test_everybody_a_newcomer_may_meet_has_an_answer_for_a_story_led_elsewhere() -> None:
    kinds = {answer.task for answer in load_others()}
    # No court and no city takes part in a story, and what becomes of a person is reported when the story is over.
    after = {TaskKind.DISPOSE, TaskKind.REVIEW, TaskKind.REPORT_OUTCOME, TaskKind.ANSWER_REQUEST}
    assert kinds == set(TaskKind) - {TaskKind.REPORT_CUSTODY} - after


@pytest.mark.parametrize(
    ("found", "put", "field"),
    [
        ('title = "A traffic stop"', 'titel = "A traffic stop"', "titel"),
        ('title = "A traffic stop"', "", "title"),
        ('title = "A traffic stop"', "title = 3", "title"),
        ('ends = "transferred"', 'ends = "held"', "ends"),
        ('ends = "transferred"', 'ends = "gone"', "ends"),
        ("booked = 2010-10-05T09:00:00Z", "booked = 2010-10-05", "booked"),
        ("booked = 2010-10-05T09:00:00Z", "booked = 2010-10-05T09:00:00", "booked"),
        ('task = "examine"', 'task = "guess"', "answers[0].task"),
        ('answer = "identification"', 'answer = "certainly"', "answers[0].answer"),
        ("minutes = 4", "minutes = -4", "answers[0].minutes"),
        ("minutes = 4", "minutes = true", "answers[0].minutes"),
        ("minutes = 4", 'minutes = 4\nwaits_for = "lunch"', "answers[0].waits_for"),
        ('code = "5499"', 'code = "54"', "charges[0].code"),
        ('"A8"', '"A22"', "claims[0]"),
        ("born = 1984-06-30", 'born = "1984-06-30"', "person.born"),
        ("fingers = 3", "fingers = 3\nface = 1", "person.face"),
        ("[person]", "[person.more]\n[nobody]", "nobody"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_field(tmp_path, found: str, put: str, field: str) -> None:
    assert found in GOOD
    refused = refusal(tmp_path, GOOD.replace(found, put, 1))
    assert refused.field == field
    assert field in refused.message


def test_a_file_that_is_no_toml_or_says_its_own_name_is_refused(tmp_path) -> None:
    assert "cannot be read" in refusal(tmp_path, "not toml [").message
    assert refusal(tmp_path, 'name = "other"\n' + GOOD).field == "name"
    with pytest.raises(SenderError, match="STORY_INVALID"):
        load_story(tmp_path / "absent.toml")


def test_an_unknown_story_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(SenderError) as refused:
        load_named("../../etc/passwd")
    assert refused.value.code == "STORY_UNKNOWN"
    assert all(name in refused.value.hint for name in STORY_NAMES)


def test_a_story_is_found_again_by_a_control_number_that_ebts_takes() -> None:
    assert all(re.fullmatch(r"[A-Z0-9-]{10,40}", story.tcn) for story in STORIES)
    assert load_named("traffic").booked == datetime(2010, 10, 5, 9, tzinfo=UTC)
