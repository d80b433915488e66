"""What a signed-in person may see and do: the only part of the console that touches the network.

One lock stands around it. Requests come in several threads, and one must never run inside another one's loop. Only
where another process does the party's work (`House.is_beside`) is that waited for outside of the lock: whoever answered
waits a moment, and nobody else does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from tenprint.core.clock import Clock
from tenprint.core.errors import PolicyRefusal, SenderError, TenprintError
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.directory import Directory
from tenprint.exchange.model.words import TaskKind
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.answers import person_key, refuse_same_person
from tenprint.exchange.tasks.findings import Recorded, recorded
from tenprint.exchange.tasks.looks import note_look
from tenprint.policy import access
from tenprint.policy.access import Action, Verdict, Visible
from tenprint.web.advice import has_looked
from tenprint.web.news_words import news_of
from tenprint.web.sessions import Form, Session

_log = logging.getLogger("tenprint.access")
"""Refusals: role, party, action and rule; no names of people, no numbers of cases."""

EXAMINATIONS = frozenset({TaskKind.EXAMINE, TaskKind.EXAMINE_SECOND})
NO_DETAILS = frozenset({"answer", "reason", "form_id", "csrf"})
"""Fields of every form; all others are details of the kind of task, and one that it does not take is refused."""
NOTHING_SEEN = Visible({}, ())
MOST_WAITING = 8
"""So many people wait at one time for their party's process; each keeps one of the server's some forty threads. Whoever
comes then is told at once that the answer stands and will be carried out."""


class House(Protocol):
    """A running network; `bootstrap.Network` is one."""

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Return the parties by id."""
        ...

    @property
    def clock(self) -> Clock:
        """Return what tells the time."""
        ...

    @property
    def is_beside(self) -> bool:
        """Tell whether another process carries out what is written here: then `settle` only waits for it."""
        ...

    def run(self) -> int:
        """Do everything that is due, where that is not another process's to do."""
        ...

    def is_stopped(self, party_id: str) -> bool:
        """Tell whether a party's work is another process's to do, and that does not run."""
        ...

    def settle(self, *, case_id: str) -> bool:
        """See to it that what was written about a case is carried out; tell whether it was.

        Beside another process several threads may wait in it.
        """
        ...


class Refusal(Exception):
    """A request that is refused with a sentence; nothing was changed.

    Args:
        status: of the answer.
        sentence: why.
        code: of the rule or error behind it, or ``""``.
        verdict: of the access rules, when it was they who refused.
    """

    def __init__(self, status: HTTPStatus, sentence: str, code: str = "", verdict: Verdict | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.code, self.verdict = status, sentence, code, verdict


class Unanswerable(Exception):
    """An answer that the exchange refuses: the form is shown again, with the reason on top; nothing was changed."""

    def __init__(self, problem: SenderError | PolicyRefusal, view: TaskView) -> None:
        super().__init__(problem.code)
        self.problem, self.view = problem, view


class AnswerStands(Exception):
    """An answer that was recorded, though something that follows from it could not be done yet.

    Args:
        sent_to: where the answer leads.
        code: of what went wrong, or ``""``.
        is_waiting: nothing went wrong: the party's own process has not carried it out yet.
    """

    def __init__(self, sent_to: str, code: str, *, is_waiting: bool = False) -> None:
        super().__init__(code)
        self.sent_to, self.code, self.is_waiting = sent_to, code, is_waiting


@dataclass(frozen=True)
class TaskView:
    """A task as it may be shown to one person.

    Args:
        task: all of it; `is_blind` says that score, rank and biography must not be shown.
        is_blind: this person has not recorded a first finding.
        form_id: of the form to answer with; ``""`` when it is closed.
        now: the network's time.
        seen: the evidence as the person's role sees it, with what is masked; `task.shown` is the same.
        for_another: why another person than this one has to answer, or ``""``; then there is no form.
        news: what courts and corrections have said of the case since, in sentences.
    """

    task: Task
    is_blind: bool
    form_id: str
    now: datetime
    seen: Visible = NOTHING_SEEN
    for_another: str = ""
    news: tuple[str, ...] = ()


class Desk:
    """The network, as people at their desks use it.

    Args:
        house: the running network.
        tells_whole_story: a demo, in which a case page tells what all parties wrote down.
    """

    def __init__(self, house: House, *, tells_whole_story: bool) -> None:
        self._house, self._tells_all = house, tells_whole_story
        # Whoever holds the network may ask what is allowed, which looks into it too.
        self._lock = threading.RLock()
        self._places_to_wait = threading.BoundedSemaphore(MOST_WAITING)

    def parties(self) -> tuple[tuple[str, str], ...]:
        """Return id and role of every party at hand."""
        return tuple((name, str(node.party.role)) for name, node in self._nodes.items())

    @property
    def only_party(self) -> str:
        """Return the one party at hand of a network that has others, whose data lie elsewhere; ``""`` for several."""
        name, *others = self._nodes
        return name if not others and len(self.directory.parties) > 1 else ""

    def knows(self, party: str) -> bool:
        """Tell whether a party of this id takes part in the network, at hand or not."""
        return any(one.id == party for one in self.directory.parties)

    @property
    def directory(self) -> Directory:
        """Return who takes part in the network, at hand or not."""
        return next(iter(self._nodes.values())).services.directory

    @contextmanager
    def at_work(self) -> Iterator[House]:
        """Hold the network while something is read or done; what was due is done first. Not for long work."""
        with self._lock:
            self._catch_up()
            yield self._house

    def require(
        self, seat: Session | None, action: Action, party: str, *, kind: str = "", case_id: str = ""
    ) -> Verdict:
        """Refuse what a person may not do with a party's data; return the verdict that allows it.

        Args: as `verdict`.

        Raises:
            Refusal: 403, with the policy's sentence and id.
        """
        verdict = self.verdict(seat, action, party, kind=kind, case_id=case_id)
        if not verdict.allowed:
            raise self._refused(seat, action, party, verdict)
        return verdict

    def verdict(
        self, seat: Session | None, action: Action, party: str, *, kind: str = "", case_id: str = ""
    ) -> Verdict:
        """Return what the access rules say, without refusing anything. Not inside a transaction.

        Args:
            seat: who wants it; None for nobody who is signed in.
            action: what.
            party: whose data it is.
            kind: of the task, for the actions on one (`TaskKind`); without it they are refused.
            case_id: of the case whose data it is. Who has a first finding to make on its prints is told nothing of it;
                without the case's number that is not checked.
        """
        waits = seat is not None and bool(case_id) and self.keeps_back(seat, case_id)
        return self._ask(seat, action, party, kind, awaits=waits)

    def keeps_back(self, seat: Session, case_id: str) -> bool:
        """Tell whether a person has a first finding of a case to make, and must be told nothing of it before."""
        node = self._nodes.get(seat.party)
        if node is None:
            return False
        with self._lock:
            return any(self._awaits(seat, task) for task in story.open_tasks([node], case_id))

    def kept_back(self, seat: Session) -> frozenset[str]:
        """Return the numbers of the cases on whose prints this person has a first finding to make."""
        if seat.party not in self._nodes:
            return frozenset()
        with self._lock, self._nodes[seat.party].store.transaction() as tx:
            tasks = tx.tasks(open_only=True)
        return frozenset(task.case_id for task in tasks if self._awaits(seat, task))

    def visible(self, seat: Session | None, fields: Mapping[str, Any]) -> Visible:
        """Return fields of a person's data as this role sees them, with what is masked and by which rule.

        In a demo nothing is masked; the masks say what would be.
        """
        seen = access.masked(seat.role if seat else access.PUBLIC, fields)
        return Visible(dict(fields), seen.masks, is_applied=False) if self._tells_all else seen

    def queue(self, seat: Session) -> tuple[datetime, list[Task]]:
        """Return the time, and the open tasks of a person's own party, the most urgent first.

        Raises:
            Refusal: 403 for a role that sees no tasks.
        """
        self.require(seat, Action.LIST_TASKS, seat.party)
        with self.at_work() as house:
            with house.nodes[seat.party].store.transaction() as tx:
                tasks = tx.tasks(open_only=True)
            now = house.clock.now()
        return now, sorted(tasks, key=lambda task: (task.due_at is None, task.due_at or task.opened_at, task.id))

    def task(self, seat: Session, task_id: str) -> TaskView:
        """Return a task of the own party, after the look at it was written to the ledger.

        Raises:
            Refusal: 404 for an unknown one, 403 for another party's, or for an earlier examination while this person
                has a first finding of the same case to make.
        """
        with self._lock:
            self._catch_up()
            task, verdict = self.own_task(seat, task_id, Action.READ_TASK)
            about = {"case_id": task.case_id, "task_id": task.id}
            note_look(self._nodes[seat.party], person=seat.person, **about, **verdict.basis)
            form = Form(task.id, task.findings, task.shown_hash)
            may_answer = task.is_open and not self._asks_another(seat, task)
            return self._view(seat, task, seat.new_form(form) if may_answer else "")

    def glance(self, seat: Session, task_id: str, action: Action) -> TaskView:
        """Return a task of the own party without a form, for what belongs to its page; no look is written down here.

        Raises:
            Refusal: as `task`.
        """
        with self._lock:
            self._catch_up()
            task, _ = self.own_task(seat, task_id, Action.READ_TASK)
            self.require(seat, action, task.party, kind=str(task.kind))
            return self._view(seat, task, "")

    @contextmanager
    def reading(self, party: str) -> Iterator[Node]:
        """Hold a party's node while something is read from it; what is due waits. Rights are checked before."""
        with self._lock:
            yield self._nodes[party]

    def findings(self, seat: Session, task_id: str) -> tuple[Recorded, ...]:
        """Return an examination's findings on record; none before this person has made an own first one."""
        with self._lock:
            task, _ = self.own_task(seat, task_id, Action.READ_TASK)
            if self._is_blind(seat, task):
                return ()
            with self._nodes[seat.party].store.transaction() as tx:
                return recorded(tx, task)

    def clock(self, seat: Session, task_id: str) -> TaskView:
        """Return a task of the own party for its clock alone: nothing else of it may be shown, for no look is noted.

        Raises:
            Refusal: 404 for an unknown one, 403 for another party's.
        """
        with self.at_work():
            return self._view(seat, self.own_task(seat, task_id, Action.READ_TASK)[0], "")

    def answer(self, seat: Session, task_id: str, form_id: str, fields: Mapping[str, str]) -> str:
        """Record a person's answer; return where to go on. A form sent again changes nothing and leads there too.

        Args:
            seat: who answers.
            task_id: from the address.
            form_id: which of the forms shown to this session.
            fields: ``answer``, ``reason``, and the details of this kind of task (`tasks.details`); others are refused.

        Raises:
            Refusal: 404, 403; 409 when the page was not shown in this session or the task has changed since, or another
                person must answer.
            Unanswerable: the exchange refuses the answer.
            AnswerStands: it was recorded, and what follows from it could not be done. Sending the form again is safe.
        """
        with self._lock:
            task, _ = self.own_task(seat, task_id, Action.ANSWER_TASK)
            form = seat.forms.get(form_id)
            if form is not None and form.task_id == task.id and form.sent_to:
                return form.sent_to
            barred = self._asks_another(seat, task) if task.is_open else None
            if barred is not None:
                # Its page has no form for this person; perhaps no look at it is written down, so none of it is shown.
                raise Refusal(HTTPStatus.CONFLICT, barred.message, barred.code)
            if form is None or not task.is_open or form != Form(task.id, task.findings, task.shown_hash):
                raise Refusal(
                    HTTPStatus.CONFLICT,
                    "This page is no longer current: the task has changed or was answered since. "
                    "Your answer was not recorded.",
                    "STALE_PAGE",
                )
            view = self._view(seat, task, form_id)
            details = {name: text for name, text in fields.items() if name not in NO_DETAILS}
            try:
                dispatch.decide_task(
                    self._nodes[seat.party],
                    task.id,
                    answer=fields.get("answer", ""),
                    reason=fields.get("reason", ""),
                    by=seat.person,
                    details=details,
                    closes=not view.is_blind,
                )
            except (SenderError, PolicyRefusal) as problem:
                raise Unanswerable(problem, view) from problem
            form.sent_to = f"/tasks/{task.id}#recorded"
            if not self._house.is_beside:
                self._do_what_follows(task, form.sent_to, self._house.settle)
                return form.sent_to
        self._do_what_follows(task, form.sent_to, self._waited_for)
        return form.sent_to

    def _waited_for(self, *, case_id: str) -> bool:
        """Wait for the party's own process without holding anybody up; False when too many wait already."""
        if not self._places_to_wait.acquire(blocking=False):
            return False
        try:
            return self._house.settle(case_id=case_id)
        finally:
            self._places_to_wait.release()

    def _do_what_follows(self, task: Task, sent_to: str, settle: Callable[..., bool]) -> None:
        """Handle an answer that is committed: whatever fails from here on, it stands, and is due again at next look."""
        try:
            is_done = settle(case_id=task.case_id)
        except TenprintError as problem:
            _log.error("what follows from a recorded answer could not be done: %s", problem.code)
            raise AnswerStands(sent_to, problem.code) from problem
        except Exception as problem:
            # Its text may name a person, so its kind is told.
            _log.error("what follows from a recorded answer broke: %s", type(problem).__name__)
            raise AnswerStands(sent_to, "") from problem
        if not is_done:
            raise AnswerStands(sent_to, "", is_waiting=True)

    @property
    def tells_whole_story(self) -> bool:
        """Tell whether this is a demo, in which pages tell what all parties wrote down."""
        return self._tells_all

    def seen_by(self, seat: Session, action: Action) -> list[Node]:
        """Return the parties whose data a person may see, in the order of the network. Call it inside `at_work`."""
        return [node for party, node in self._nodes.items() if self.verdict(seat, action, party).allowed]

    def is_stopped(self, party: str) -> bool:
        """Tell whether nobody does a party's work just now."""
        return self._house.is_stopped(party)

    @property
    def _nodes(self) -> Mapping[str, Node]:
        return self._house.nodes

    def _catch_up(self) -> None:
        """Do what is due, such as a clock that ran out; mostly there is nothing, and looking is cheaper than a run."""
        due = dispatch.next_due(list(self._nodes.values()))
        if due is not None and due <= self._house.clock.now():
            self._house.run()

    def own_task(self, seat: Session, task_id: str, action: Action) -> tuple[Task, Verdict]:
        """Return a task with which this person may do something, and the verdict that allows it.

        Args:
            seat: who.
            task_id: from an address.
            action: what (`READ_TASK`, `CLAIM_TASK`, `ANSWER_TASK`).

        Raises:
            Refusal: 404 for an unknown task; 403 for another party's, another role's, or an earlier examination while
                this person has a first finding of the same case to make.
        """
        for party, node in self._nodes.items():
            with node.store.transaction() as tx:
                task = tx.task(task_id)
            if task is None:
                continue
            others = (other for other in story.open_tasks([node], task.case_id) if other.id != task.id)
            waits = any(self._awaits(seat, other) for other in others)
            verdict = self._ask(seat, action, party, str(task.kind), awaits=waits)
            if not verdict.allowed:
                raise self._refused(seat, action, party, verdict)
            return task, verdict
        raise Refusal(HTTPStatus.NOT_FOUND, "There is no task with this number.")

    def _ask(self, seat: Session | None, action: Action, party: str, kind: str, *, awaits: bool) -> Verdict:
        role, own = (seat.role, seat.party) if seat is not None and seat.is_signed_in else (access.PUBLIC, "")
        return access.house_access().decide(
            role, own, action, party=party, kind=kind, is_demo=self._tells_all, awaits_first_finding=awaits
        )

    def _refused(self, seat: Session | None, action: Action, party: str, verdict: Verdict) -> Refusal:
        rule = verdict.policy_ids[0]
        role = seat.role if seat is not None else access.PUBLIC
        _log.info("refused: %s wants %s at %s; %s, %s", role, action, party, rule, verdict.stamp)
        return Refusal(HTTPStatus.FORBIDDEN, verdict.sentence, rule, verdict)

    def _awaits(self, seat: Session, task: Task) -> bool:
        """Tell whether this task waits for a first finding that this person may make."""
        may = task.party == seat.party and self._is_blind(seat, task) and not self._asks_another(seat, task)
        return may and self._ask(seat, Action.ANSWER_TASK, task.party, str(task.kind), awaits=False).allowed

    def _view(self, seat: Session, task: Task, form_id: str) -> TaskView:
        seen = self.visible(seat, task.shown)
        shown = replace(task, shown=seen.fields)
        problem = self._asks_another(seat, task) if task.is_open else None
        another = problem.message if problem is not None else ""
        news = self._news(seat, task)
        return TaskView(shown, self._is_blind(seat, task), form_id, self._house.clock.now(), seen, another, news)

    def _news(self, seat: Session, task: Task) -> tuple[str, ...]:
        with self._nodes[task.party].store.transaction() as tx:
            case = tx.case(task.case_id)
        return news_of(case, lambda fields: self.visible(seat, fields).fields) if case is not None else ()

    def asks_another(self, seat: Session, task: Task) -> bool:
        """Tell whether another one is to answer this task: this person answered first, or took the second look."""
        with self._lock:
            with self._nodes[task.party].store.transaction() as tx:
                looked = has_looked(task, tx.tasks(task.case_id), seat.person)
            return looked or self._asks_another(seat, task) is not None

    def _asks_another(self, seat: Session, task: Task) -> SenderError | None:
        """Return why somebody else must answer: this person made the first examination or decision; else None."""
        with self._nodes[task.party].store.transaction() as tx:
            try:
                refuse_same_person(tx, task, seat.person)
            except SenderError as problem:
                return problem
        return None

    def _is_blind(self, seat: Session, task: Task) -> bool:
        if task.kind not in EXAMINATIONS or not task.is_open:
            return False
        person = person_key(seat.person)
        if task.findings == 0 or person_key(task.decided_by) == person:
            return task.findings == 0
        with self._nodes[seat.party].store.transaction() as tx:
            return all(person_key(each.answer.by) != person for each in recorded(tx, task))
