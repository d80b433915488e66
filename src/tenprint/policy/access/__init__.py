"""Who may see or do what: the actions of the console, asked for every request."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What somebody who is signed in at one party may want of that party, or of another one."""

    LIST_TASKS = "list_tasks"
    READ_TASK = "read_task"
    CLAIM_TASK = "claim_task"
    ANSWER_TASK = "answer_task"
    READ_CASE = "read_case"
    READ_MESSAGE = "read_message"
    READ_PRINTS = "read_prints"
    READ_LEDGER = "read_ledger"
    READ_WHY = "read_why"
    PLAY_STORIES = "play_stories"
