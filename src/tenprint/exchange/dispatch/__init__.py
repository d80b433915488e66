"""The mechanism: take messages in, handle them, send what they caused, wake up when a time has come.

One worker loop (`run_until_idle`) does everything that is due; nothing sleeps in memory. The two doors through which
things come in from outside the exchange are `submit` (a booking) and `decide_task` (a person's answer); messages of
other parties come in through `accept`.
"""

from tenprint.exchange.dispatch.audits import ask_for_ledgers, ask_for_trail
from tenprint.exchange.dispatch.doors import Submission, decide_task, enrol, submit
from tenprint.exchange.dispatch.handling import handle_due
from tenprint.exchange.dispatch.intake import accept
from tenprint.exchange.dispatch.loop import Step, next_due, run_until_idle
from tenprint.exchange.dispatch.points import points
from tenprint.exchange.dispatch.relay import relay_due
from tenprint.exchange.dispatch.revival import revive
from tenprint.exchange.dispatch.wakes import enrol_due, fire_due_timers
from tenprint.exchange.dispatch.witnessing import Sought, cosign, seek_cosignatures

__all__ = [
    "Sought",
    "Step",
    "Submission",
    "accept",
    "ask_for_ledgers",
    "ask_for_trail",
    "cosign",
    "decide_task",
    "enrol",
    "enrol_due",
    "fire_due_timers",
    "handle_due",
    "next_due",
    "points",
    "relay_due",
    "revive",
    "run_until_idle",
    "seek_cosignatures",
    "submit",
]
