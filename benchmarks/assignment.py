"""5,000 tickets without owner for 200 people with skills, caps and absences: seconds of a plan, and of one without people.

    python benchmarks/assignment.py [TICKETS] [PEOPLE]

Each person was given about 100 tickets in the last 28 days. Both plans are made of the same snapshot; reading it from a
store is not part of either (benchmarks/pull.py measures that).
"""

from __future__ import annotations

import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from makegood.connectors.base import Capabilities
from makegood.connectors.ticket import Catalogue, Person, Ticket
from makegood.engine.plan import make_plan
from makegood.engine.ruletest_desk import frames
from makegood.engine.snapshot import ASSIGNMENTS, Snapshot
from makegood.rules.load import load_text

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SKILLS = ("refunds", "returns", "french", "contracts")
RUNS = 3


def people(count: int, rng: random.Random) -> dict[str, dict[str, Any]]:
    """What a rule file says of each: some part time, some away, all with caps and a skill or two."""
    return {
        f"agent{number}@example.com": {
            "skills": rng.sample(SKILLS, rng.choice([1, 2])),
            "capacity": {"by": "channel", "chat": 10, "default": 60},
            "per_day": 80,
            "weight": rng.choice([0.5, 0.8, 1]),
            **({"away": ["2026-03-01..2026-03-04"]} if rng.random() < 0.1 else {}),
        }
        for number in range(count)
    }


def rules(team: dict[str, dict[str, Any]], assign: dict[str, Any]) -> str:
    return json.dumps(
        {
            "version": "1",
            "teams": {"billing": {"group": "Billing", "calendar": "always", "people": team}},
            "rules": [{"name": "Somebody", "when": {"assignee": "missing"}, "backlog": "include", "assign": assign}],
        }
    )


def desk(tickets: int, team: dict[str, dict[str, Any]], rng: random.Random) -> Snapshot:
    every = [
        Ticket(
            f"{number}",
            version="1",
            created=AT - timedelta(minutes=number),
            updated=AT,
            status="open",
            channel=rng.choice(["chat", "email"]),
            requester="mia@customer.example",
        )
        for number in range(tickets)
    ]
    given = [(f"old{n}", AT - timedelta(days=28) * rng.random(), who) for who in team for n in range(100)]
    found, events = frames(every, [])
    return Snapshot(
        helpdesk="bench",
        at=AT,
        known_to=AT,
        tickets=found,
        events=events,
        people={who: Person(who, email=who, role="agent", groups=("Billing",)) for who in team},
        organizations={},
        catalogue=Catalogue(me="makegood", groups=("Billing",)),
        capabilities=Capabilities(writable=frozenset({"assignee", "group"})),
        assignments=pl.DataFrame(given, schema=ASSIGNMENTS, orient="row"),
    )


def seconds(text: str, snapshot: Snapshot) -> tuple[float, int]:
    ruleset, problems = load_text(text)
    if ruleset is None:
        raise SystemExit("\n".join(str(each) for each in problems))
    took = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        plan = make_plan(ruleset, snapshot)
        took.append(time.perf_counter() - begin)
    return min(took), len(plan.changes)


def main() -> None:
    tickets, staff = (int(each) for each in (*sys.argv[1:], "5000", "200")[:2])
    rng = random.Random(1)
    team = people(staff, rng)
    snapshot = desk(tickets, team, rng)
    by_channel = {"by": "channel", "chat": ["refunds"], "default": ["returns"]}
    group, made = seconds(rules(team, {"team": "billing"}), snapshot)
    print(f"{'group only':15} {group:6.2f} s  {made:,} changes")
    for choose in ("least_busy", "round_robin", "weighted", "most_capacity"):
        assign = {"team": "billing", "choose": choose, "skills": by_channel, "prefer": ["requester.last_assignee"]}
        took, made = seconds(rules(team, assign), snapshot)
        print(f"{choose:15} {took:6.2f} s  {made:,} changes, {took / group:.1f} times the plan for the group only")


if __name__ == "__main__":
    main()
