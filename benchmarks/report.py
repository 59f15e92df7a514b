"""How long a month's report takes: ``python benchmarks/report.py [TICKETS]``. The gate: 10,000 tickets in under 5 seconds.

Made-up tickets, a tenth of them with a promise, and as many in the month before, which is judged too; every second sentence
is one that nobody wrote before. The first plan or report reads what agents wrote and remembers what it commits them to.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from incident_log import measured  # type: ignore[import-not-found]  # the benchmark beside this one

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = datetime(2026, 8, 31, 22, tzinfo=UTC)
MINUTES = 61 * 24 * 60
TEAMS = {"Support": ("dana", "emil", "greta"), "Billing": ("ana", "ben"), "Care": ("fay",), "Returns": ("cleo", "hugo")}
CHANNELS = ("email", "email", "email", "chat", "web", "phone")
PROMISES = (
    "I'll call you tomorrow about {number}.",
    "You will hear from me on Friday, at the latest on the phone ({number}).",
    "I'll get back to you within 2 business days.",
)
MAIL = "Hi {number},\n\nthank you for writing. I have asked the warehouse to look for box {number}. {promise}\n\nBest regards"
RULES = """version: 1
default_calendar: shop
calendars:
  shop: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:30}}
teams:
  support: {group: Support, people: [dana@example.com, emil@example.com, greta@example.com]}
  billing: {group: Billing, people: {ana@example.com: {weight: 0.5}, ben@example.com: {}}}
rules:
  - name: First answer in time
    deadline: {name: first-reply, target: first_reply, within: 8 business hours}
  - name: Solved within three working days
    deadline: {name: solution, target: resolution, within: 3 business days}
  - name: We keep our word
    promise: {remind: [{before: 1 hour, who: promiser}]}
"""
SETTINGS = 'store = "store.db"\n[helpdesks.acme]\nkind = "local"\npath = "desk.db"\nhistory = "3650 days"\n'
MONTH = ("--from", "2026-10-01", "--to", "2026-10-31")


def lines(tickets: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """A desk with so many tickets a month, two months long, line by line."""
    people = [who for team in TEAMS.values() for who in team]
    yield {"desk": {"groups": list(TEAMS)}}
    for team, names in TEAMS.items():
        yield from ({"person": _person(who, role="agent", groups=[team], name=who.title())} for who in names)
    yield from ({"person": _person(f"customer{number}")} for number in range(500))
    for number in range(2 * tickets):
        team = rng.choices(list(TEAMS), [6, 4, 1, 2])[0]
        yield from _ticket(str(number), team, rng.choice(TEAMS[team]), rng, people)


def _person(who: str, **more: Any) -> dict[str, Any]:
    return {"id": who, "email": f"{who}@example.com"} | more


def _ticket(ticket: str, team: str, owner: str, rng: random.Random, people: list[str]) -> Iterator[dict[str, Any]]:
    created = BEGIN + timedelta(minutes=rng.randrange(MINUTES))
    customer, state = f"customer{rng.randrange(500)}", "open" if rng.random() < 0.1 else "solved"
    at, events = created, []
    for seq, what in enumerate(_story(ticket, owner, customer, state, rng, people)):
        at += timedelta(minutes=rng.choice([5, 20, 45, 90, 150, 300, 700, 1300]))
        kind = "customer" if what["actor"] == customer else "agent"
        events.append(
            {"id": f"{ticket}-{seq}", "ticket": ticket, "seq": seq, "at": _text(at), "actor_kind": kind} | what
        )
    facts = {"group": team, "assignee": owner, "requester": customer, "channel": rng.choice(CHANNELS), "language": "en"}
    row = {
        "id": ticket,
        "created": _text(created),
        "updated": _text(at),
        "status": state,
        "subject": "Where is my box?",
    }
    yield {"ticket": row | facts}
    yield from ({"event": each} for each in events)


def _story(
    ticket: str, owner: str, customer: str, state: str, rng: random.Random, people: list[str]
) -> Iterator[dict[str, Any]]:
    """What happens on a ticket: it is given to somebody, answered, mostly solved; sometimes it comes back."""
    first = rng.choice(people) if rng.random() < 0.08 else owner
    yield {"kind": "field", "field": "assignee", "new": first, "actor": rng.choice(people)}
    if first != owner:
        yield {"kind": "field", "field": "assignee", "old": first, "new": owner, "actor": first}
    promised = rng.random() < 0.1
    said = {"kind": "message", "public": True, "actor": owner}
    yield said | {"text": _mail(ticket, rng.choice(PROMISES) if promised else "")}
    if promised and rng.random() < 0.8:
        yield said | {"text": _mail(ticket, rng.choice(PROMISES) if rng.random() < 0.15 else "")}
    if state == "solved":
        solved = {"kind": "field", "field": "status", "old": "open", "new": "solved", "actor": owner}
        back = [solved | {"old": "solved", "new": "open", "actor": customer}, solved] if rng.random() < 0.1 else []
        yield from (solved, *back)
        if rng.random() < 0.2:
            yield {"kind": "rating", "new": rng.choices(["good", "bad"], [6, 1])[0], "actor": customer}


def _mail(ticket: str, promise: str) -> str:
    return MAIL.format(number=ticket, promise=promise.format(number=ticket))


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def furnish(folder: Path, tickets: int) -> None:
    """Rules, settings, and a desk file in a folder."""
    (folder / "rules.yaml").write_text(RULES)
    (folder / "makegood.toml").write_text(SETTINGS)
    told = (json.dumps(line) for line in lines(tickets, random.Random(4)))
    (folder / "tickets.jsonl").write_text("\n".join(told) + "\n")


def main() -> None:
    """Print how long the commands take."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        furnish(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
        measured("desk", "import", "tickets.jsonl", "--into", "desk.db", cwd=folder)
        measured("pull", cwd=folder)
        measured("report", "--format", "json", *MONTH, cwd=folder)
        for form in ("json", "html"):
            measured("report", "--format", form, *MONTH, cwd=folder)


if __name__ == "__main__":
    main()
