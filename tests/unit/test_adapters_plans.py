"""The statements of the worker loop find their rows by an index: a booking costs the same however many came before.

A plan is asked of a database that was never analysed, as a party's is.
"""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from postgres_rig import DATABASES
from tenprint.adapters import claims, reading, statements, tables
from tenprint.adapters.database import migrate, open_engine, sqlite_url
from tenprint.exchange.ports import Queue

SMALL = {"ledger_state", "erasures"}
"""One row, and what is to be removed from the disk: nothing, nearly always."""
LARGE = sorted(set(tables.metadata.tables) - SMALL)
BOTH = {
    "case": statements.CASE,
    "case by its control number": statements.CASE_BY_TCN,
    "task": statements.TASK,
    "message": statements.MESSAGE,
    "due messages": statements.DUE[Queue.INBOX],
    "due deliveries": statements.DUE[Queue.OUTBOX],
    "due enrolments": statements.DUE_ENROLMENTS,
    "due timers": statements.DUE_TIMERS,
    "timers to cancel": statements.CANCEL_TIMERS,
    "enrolment": statements.ENROLMENT,
    "forgotten subjects": statements.FORGOTTEN,
    "enrolled": statements.MARK_ENROLLED,
    "handled": statements.MARK_HANDLED,
    "delivered": statements.MARK_DELIVERED,
    "what waits for who is back": statements.HASTEN,
    "tasks of a case": reading.tasks_query("case-1", open_only=False),
    "open tasks": reading.tasks_query(None, open_only=True),
    "when to look again": reading.NEXT_DUE,
    "when a queue is due": reading.NEXT_QUEUE_DUE,
}
OF_A_SERVER = {
    "claimed messages": claims.CLAIM[Queue.INBOX],
    "claimed deliveries": claims.CLAIM[Queue.OUTBOX],
    "messages at once": statements.MESSAGES,
}


def plan_of(statement: object, url: sa.URL) -> str:
    engine = open_engine(url)
    near = engine.dialect.name == "sqlite"
    words = str(statement.compile(dialect=engine.dialect))
    try:
        with engine.connect() as connection:
            if near:
                nothing = (None,) * words.count("?")
                return "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", nothing))
            connection.exec_driver_sql("SET enable_seqscan = off")
            named = dict.fromkeys(re.findall(r"%\((\w+)\)s", words))
            return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {words}", named))
    finally:
        engine.dispose()


def walked(plan: str) -> list[str]:
    """Return the tables of which a plan looks at every row; an index of the open ones alone holds few."""
    found = re.findall(r"^(?:.*Seq Scan on|SCAN) (\w+)(?! USING INDEX ix_tasks_open)", plan, re.MULTILINE)
    return sorted(set(found) & set(LARGE))


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> sa.URL:
    url = sqlite_url(tmp_path_factory.mktemp("plans") / "tenprint.db")
    migrate(url)
    return url


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("name", BOTH)
def test_no_statement_of_the_loop_walks_a_table(name: str, database: str, near: sa.URL, request) -> None:
    url = near if database == "sqlite" else request.getfixturevalue("postgres").migrated()
    assert walked(plan_of(BOTH[name], url)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_A_SERVER)
def test_no_statement_for_workers_that_share_a_queue_walks_a_table(name: str, postgres) -> None:
    assert walked(plan_of(OF_A_SERVER[name], postgres.migrated())) == []


def test_a_walk_over_a_table_is_seen(near: sa.URL) -> None:
    by_body = sa.select(tables.messages).where(tables.messages.c.body_size > sa.bindparam("size"))
    in_order = sa.select(tables.inbox).where(tables.inbox.c.due_at <= sa.bindparam("now")).order_by("position")
    assert walked(plan_of(by_body, near)) == ["messages"]
    assert walked(plan_of(in_order, near)) == ["inbox"]
