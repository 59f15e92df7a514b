"""How long clocks and promises take: ``python benchmarks/clocks.py``. Made-up tickets, no store; figures side by side."""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent))

from evaluate import desk  # type: ignore[import-not-found]  # the benchmark beside this one

from makegood.engine.evaluate import evaluate
from makegood.rules.calendar import Calendar, CalendarSpec
from makegood.rules.load import load_text
from makegood.rules.promises import Reading, promises_in

RULES = """
version: 1
default_calendar: office
calendars:
  office: {time_zone: Europe/Berlin, hours: {mon-fri: [09:00-12:30, 13:30-18:00]}, holidays: {country: DE, region: BE}}
rules:
  - name: First reply
    deadline:
      name: first
      target: first_reply
      within: {urgent: 1 business hour, high: 2 business hours, default: 4 business hours}
      pause_while: {status: pending}
      remind: [{before: 30 business minutes, add_tags: [hurry]}]
  - name: Next reply
    deadline: {name: next, target: next_reply, within: 8 business hours, pause_while: {status: [pending, on_hold]}}
  - name: Solve
    deadline: {name: solve, target: resolution, within: {high: 2 business days, default: 5 business days}}
  - name: Update
    deadline: {name: update, target: update, within: 2 business days}
  - name: Late
    when: {deadline.first: missed, deadline.solve: {not: met}, deadline.update.due: {in_next: 1 business day}}
    add_tags: [late]
"""

MAIL = """Hi Kim,

thank you for getting back to us, and for the photos. I have asked the warehouse to look for the second box; it was packed
on Monday and should have been with you yesterday. Order 4711-22 is marked as sent.
{}
Please keep the packaging for the moment.

Best regards
Dana
"""


def main() -> None:
    """Print how long the clocks of a desk take, and how long reading a message takes."""
    ruleset, problems = load_text(RULES)
    assert ruleset is not None, problems
    print("tickets   events    four clocks and their conditions")
    for tickets in (5_000, 25_000):
        snapshot = desk(tickets, tickets * 13, random.Random(7))
        begin = time.perf_counter()
        late = evaluate(ruleset, snapshot).matched(ruleset.rules[-1])
        print(f"{tickets:7,}  {tickets * 13:7,}  {time.perf_counter() - begin:6.2f} s  ({len(late):,} late)")
    calendar = Calendar(CalendarSpec("office", "Europe/Berlin", (((540, 1080),),) * 5 + ((),) * 2))
    reading = Reading(
        datetime(2026, 3, 12, 10, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC), calendar, language="en"
    )
    promises_in("I will call you tomorrow.", reading)
    for name, sentence in (("no promise", "It is on its way."), ("a promise", "I will call you tomorrow by noon.")):
        begin = time.perf_counter()
        for number in range(500):
            promises_in(MAIL.format(f"{sentence} ({number})"), reading)
        print(f"a mail of 70 words with {name}: {(time.perf_counter() - begin) * 2:.2f} ms")


if __name__ == "__main__":
    main()
