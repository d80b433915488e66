"""The words of access: actions and official roles."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What somebody who is signed in at one party, or nobody, may want of a party's data."""

    LIST_TASKS = "list_tasks"
    READ_TASK = "read_task"
    CLAIM_TASK = "claim_task"
    ANSWER_TASK = "answer_task"
    READ_CASE = "read_case"
    READ_STORY = "read_story"
    READ_MESSAGE = "read_message"
    READ_RECORDS = "read_records"
    READ_PRINTS = "read_prints"
    READ_LEDGER = "read_ledger"
    READ_WHY = "read_why"
    READ_NETWORK = "read_network"
    PLAY_STORIES = "play_stories"
    READ_OPERATIONS = "read_operations"
    TRY_AGAIN = "try_again"


class OfficialRole(StrEnum):
    """What kind of work somebody does at a party; `PUBLIC` is nobody who is signed in."""

    BOOKING_OFFICER = "booking_officer"
    OPERATOR = "operator"
    EXAMINER = "examiner"
    SPECIALIST = "specialist"
    OFFICER = "officer"
    JAIL_CLERK = "jail_clerk"
    COURT_CLERK = "court_clerk"
    AUDITOR = "auditor"
    PUBLIC = "public"


PUBLIC = OfficialRole.PUBLIC
