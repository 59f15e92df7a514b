"""How long judging takes: ``python benchmarks/evaluate.py``. Gates stand beside each figure; made-up tickets, no store."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from makegood.connectors.base import Capabilities
from makegood.connectors.ticket import Catalogue
from makegood.engine.demand import facts_of
from makegood.engine.evaluate import evaluate
from makegood.engine.history import History
from makegood.engine.judge import Judge
from makegood.engine.leaves import prepared
from makegood.engine.snapshot import EVENTS, INSTANT, TICKETS, Snapshot
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from makegood.rules.model import RuleSet

    T = TypeVar("T")

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
START = AT - timedelta(days=365)
WORDS = ["refund", "invoice", "login", "delivery", "broken", "password", "cancel", "thanks", "order", "address"]
STATUSES = ["new", "open", "pending", "on_hold", "solved", "closed"]
COUNTS = ["reopens", "agent_replies", "handoffs", "requester.open_tickets", "requester.tickets_7d"]


def desk(tickets: int, events: int, rng: random.Random) -> Snapshot:
    """So many tickets of a year with so many events, all of them public messages or changes of status or owner."""
    made = [_ticket(number, rng) for number in range(tickets)]
    frame = pl.DataFrame(made, schema_overrides=TICKETS).with_columns(deleted=pl.lit(value=False))
    frame = frame.with_columns(pl.lit(None).alias(name) for name in TICKETS if name not in frame.columns)
    frame = frame.select(pl.col(name).cast(dtype) for name, dtype in TICKETS.items())
    per_ticket = events // tickets if tickets else 0
    happened = [row for ticket in made for row in _events(ticket, per_ticket, rng)]
    history = pl.DataFrame(happened, schema=EVENTS, orient="row") if happened else pl.DataFrame(schema=EVENTS)
    return Snapshot("bench", AT, AT, frame, history, {}, {}, Catalogue("me"), Capabilities(frozenset()))


def _ticket(number: int, rng: random.Random) -> dict[str, object]:
    created = START + timedelta(minutes=rng.randrange(365 * 24 * 60))
    return {
        "id": str(number),
        "created": created,
        "updated": created,
        "subject": " ".join(rng.choices(WORDS, k=8)),
        "description": " ".join(rng.choices(WORDS, k=45)),
        "status": rng.choice(STATUSES),
        "priority": rng.choice(["low", "normal", "high", "urgent"]),
        "group": f"Group {rng.randrange(40)}",
        "assignee": f"agent{rng.randrange(130)}@example.com",
        "requester": f"customer{rng.randrange(5000)}@example.com",
        "tags": [f"tag{rng.randrange(60)}" for _ in range(3)],
        "custom": f'{{"City": "City {rng.randrange(50)}", "Amount": "{rng.randrange(1000)}"}}',
    }


def _events(ticket: dict[str, object], count: int, rng: random.Random) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    created, old = ticket["created"], "new"
    assert isinstance(created, datetime)
    for number in range(count):
        at = min(created + timedelta(minutes=17 * number), AT)
        head = (ticket["id"], at, number, f"{ticket['id']}-{number}", "somebody")
        if number % 3:
            kind = "agent" if number % 2 else "customer"
            rows.append((*head, kind, "message", None, None, None, "A few words.", True, False, None))
        else:
            new = str(ticket["status"]) if number + 3 >= count else rng.choice(STATUSES)
            rows.append((*head, "agent", "field", "status", old, new, None, False, False, None))
            old = new
    return rows


def rules(count: int, *, derived: bool, rng: random.Random) -> RuleSet:
    """So many rules of four to six comparisons each."""
    lines = ["version: 1", "rules:"]
    for number in range(count):
        lines += [f"  - name: Rule {number}", "    add_tags: [x]", "    when:"]
        lines += [
            f"      status: [{', '.join(rng.sample(STATUSES[:4], 2))}]",
            f"      group: {{not: Group {rng.randrange(40)}}}",
        ]
        lines += [
            f"      any: {{tags: [tag{rng.randrange(60)}, tag{rng.randrange(60)}], priority: {rng.choice(['high', 'urgent'])}}}"
        ]
        lines += [f"      none: {{subject: {{contains: [{', '.join(rng.sample(WORDS, 2))}]}}}}"]
        lines += [f"      created: {{older_than: {rng.randrange(1, 300)} hours}}"]
        lines += [f"      {rng.choice(COUNTS)}: {{at_least: {rng.randrange(1, 4)}}}"] if derived else []
    ruleset, problems = load_text("\n".join(lines))
    assert ruleset is not None, problems
    return ruleset


def timed(what: str, gate: float, work: Callable[[], T]) -> T:
    """Does the work three times and prints the best time beside its gate."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    print(f"{what:62} {best * 1000:8.0f} ms   gate {gate * 1000:5.0f} ms   {'ok' if best < gate else 'TOO SLOW'}")
    return result


def present(snapshot: Snapshot, ruleset: RuleSet) -> pl.DataFrame:
    """The facts of all tickets now."""
    history = History(snapshot, facts_of(ruleset.rules))
    return history.at(history.tickets.select("t", now=pl.lit(AT, INSTANT)))


def main() -> None:
    """All figures."""
    rng = random.Random(7)
    many, hundred = desk(100_000, 0, rng), rules(100, derived=False, rng=rng)
    frame = timed("100,000 tickets, 100 rules: typing the frame", 2.0, lambda: present(many, hundred))
    judge = Judge(hundred, hundred.rules, History(many, ()))
    ready = timed("100,000 tickets, 100 rules: lower case and enumerations", 2.0, lambda: prepared(frame))
    timed("100,000 tickets x 100 rules: the verdicts", 0.5, lambda: judge.over(ready))
    log, derived = desk(24_918, 495_000, rng), rules(50, derived=True, rng=rng)
    timed("24,918 tickets, 495,000 events: present with counts", 1.5, lambda: present(log, derived))
    timed(
        f"start of every stretch: {_matches(derived, log):,} matches of 50 rules",
        5.0,
        lambda: _all_starts(derived, log),
    )
    page, page_rules = desk(100, 2000, rng), rules(100, derived=True, rng=rng)
    timed("page of 100 tickets x 100 rules, everything included", 0.05, lambda: _matches(page_rules, page))


def _matches(ruleset: RuleSet, snapshot: Snapshot) -> int:
    evaluation = evaluate(ruleset, snapshot)
    return sum(len(evaluation.matched(rule)) for rule in ruleset.rules)


def _all_starts(ruleset: RuleSet, snapshot: Snapshot) -> None:
    evaluation = evaluate(ruleset, snapshot)
    for rule in ruleset.rules:
        for ticket in evaluation.matched(rule)[:1]:
            evaluation.since(rule, ticket)


if __name__ == "__main__":
    main()
