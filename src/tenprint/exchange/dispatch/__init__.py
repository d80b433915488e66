"""The mechanism: take messages in, handle them, send what they caused, wake up when a time has come.

One worker loop (`run_until_idle`) does everything that is due; nothing sleeps in memory. The two doors through which
things come in from outside the exchange are `submit` (a booking) and `decide_task` (a person's answer); messages of
other parties come in through `accept`.
"""

from tenprint.exchange.dispatch.announcing import Announced, announce, deciders
from tenprint.exchange.dispatch.audits import ask_for_ledgers, ask_for_trail
from tenprint.exchange.dispatch.corrections import acknowledgements, correct
from tenprint.exchange.dispatch.doors import Submission, decide_task, enrol, submit
from tenprint.exchange.dispatch.handling import handle_due
from tenprint.exchange.dispatch.intake import accept, accept_kept, accept_many, verify_sender
from tenprint.exchange.dispatch.loop import Fault, Step, next_due, run_round, run_until_idle
from tenprint.exchange.dispatch.notices import notices, notify
from tenprint.exchange.dispatch.points import erasing_points, points
from tenprint.exchange.dispatch.relay import relay_due
from tenprint.exchange.dispatch.requests import Asked, ask, requests
from tenprint.exchange.dispatch.retention import Ending, endings, remove_due
from tenprint.exchange.dispatch.reviews import cancel_detainer, reopen_charges, reopen_custody
from tenprint.exchange.dispatch.revival import revive
from tenprint.exchange.dispatch.wakes import enrol_due, fire_due_timers
from tenprint.exchange.dispatch.withdrawing import withdraw
from tenprint.exchange.dispatch.witnessing import Sought, cosign, seek_cosignatures

__all__ = [
    "Announced",
    "Asked",
    "Ending",
    "Fault",
    "Sought",
    "Step",
    "Submission",
    "accept",
    "accept_kept",
    "accept_many",
    "acknowledgements",
    "announce",
    "ask",
    "ask_for_ledgers",
    "ask_for_trail",
    "cancel_detainer",
    "correct",
    "cosign",
    "decide_task",
    "deciders",
    "endings",
    "enrol",
    "enrol_due",
    "erasing_points",
    "fire_due_timers",
    "handle_due",
    "next_due",
    "notices",
    "notify",
    "points",
    "relay_due",
    "remove_due",
    "reopen_charges",
    "reopen_custody",
    "requests",
    "revive",
    "run_round",
    "run_until_idle",
    "seek_cosignatures",
    "submit",
    "verify_sender",
    "withdraw",
]
