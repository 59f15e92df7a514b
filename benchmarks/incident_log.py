"""A whole incident log through the command line: import, pull, and a plan of 50 rules from start to written file.

    python benchmarks/incident_log.py [LOG.csv]

Without a log one of the same shape is made up: 24,918 incidents in 141,712 states. Prints seconds and peak memory of each
command as a process of its own.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
AT = "2016-05-02 09:00"
INCIDENTS = 24_918
STATES = ("New", "Active", "Awaiting User Info", "Active", "Resolved", "Closed")
COLUMNS = [
    "number",
    "incident_state",
    "active",
    "reassignment_count",
    "reopen_count",
    "sys_mod_count",
    "made_sla",
    "caller_id",
    "opened_by",
    "opened_at",
    "sys_created_by",
    "sys_created_at",
    "sys_updated_by",
    "sys_updated_at",
    "contact_type",
    "location",
    "category",
    "subcategory",
    "u_symptom",
    "cmdb_ci",
    "impact",
    "urgency",
    "priority",
    "assignment_group",
    "assigned_to",
    "knowledge",
    "u_priority_confirmation",
    "notify",
    "problem_id",
    "rfc",
    "vendor",
    "caused_by",
    "closed_code",
    "resolved_by",
    "resolved_at",
    "closed_at",
]

WHEN = (
    "{{status: [new, open], field.Category: Category {n}}}",
    "{{assignee: missing, group: Group 70}}",
    "{{priority: [high, urgent], handoffs: {{at_least: 2}}, none: {{status: pending}}}}",
    "{{any: {{reopens: {{at_least: 1}}, field.Impact: 1 - High}}, created: {{older_than: {n} days}}}}",
    "{{field.Subcategory: {{starts_with: Subcategory {n}}}, requester.open_tickets: {{at_least: 2}}}}",
    "{{status_changed: {{older_than: {n} hours}}, field.Location: {{not: Location {n}}}, status: pending}}",
    "{{field.Symptom: {{contains: '{n}'}}, assignee: present, priority: normal}}",
)
DO = (
    "add_tags: [bench-{n}]",
    "set: {{field.Knowledge used: 'yes'}}",
    "note: Rule {n} looked at {{id}}.",
    "set: {{priority: high}}",
    "add_tags: [seen-{n}, late]",
)


def write_rules(path: Path) -> None:
    """Fifty rules that use fields, groups, counts, text, time, and facts across tickets."""
    lines = ["version: 1", "limits: {per_run: 100000, share_of_open: 100%}", "rules:"]
    for n in range(1, 51):
        lines += [f"  - name: Rule {n}", f"    when: {WHEN[n % len(WHEN)].format(n=n)}"]
        lines += [f"    {DO[n % len(DO)].format(n=n)}", "    limits: {per_run: 100000}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_log(path: Path) -> None:
    """A made-up log of the real one's shape."""
    rng = random.Random(7)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="?")
        writer.writeheader()
        for number in range(INCIDENTS):
            writer.writerows(_states(number, rng))


def _states(number: int, rng: random.Random) -> list[dict[str, str]]:
    at = datetime(2016, 2, 29) + timedelta(minutes=rng.randrange(200_000))
    row = {
        "number": f"INC{number:07}",
        "opened_at": f"{at:%d/%m/%Y %H:%M}",
        "caller_id": f"Caller {rng.randrange(5000)}",
        "opened_by": f"Opened by {rng.randrange(200)}",
        "contact_type": "Phone",
        "location": f"Location {rng.randrange(220)}",
        "category": f"Category {rng.randrange(60)}",
        "subcategory": f"Subcategory {rng.randrange(250)}",
        "u_symptom": f"Symptom {rng.randrange(500)}",
        "impact": rng.choice(["1 - High", "2 - Medium", "3 - Low"]),
        "urgency": "2 - Medium",
        "priority": rng.choice(["2 - High", "3 - Moderate", "3 - Moderate", "4 - Low"]),
        "closed_code": "code 5",
        "resolved_by": "Resolved by 1",
    }
    rows, group = [], rng.randrange(70)
    for step in range(rng.choice([4, 5, 6, 6, 7])):
        at += timedelta(minutes=rng.randrange(1, 4000))
        group = rng.randrange(70) if rng.random() < 0.15 else group
        row |= {
            "incident_state": STATES[min(step, 5)],
            "sys_mod_count": str(step),
            "reassignment_count": str(step // 2),
            "reopen_count": "0",
            "sys_updated_by": f"Updated by {rng.randrange(500)}",
            "sys_updated_at": f"{at:%d/%m/%Y %H:%M}",
            "assignment_group": f"Group {group}",
            "assigned_to": f"Resolver {3 * group + rng.randrange(3)}",
        }
        rows.append(dict(row))
    return rows


def measured(*arguments: str, cwd: Path) -> None:
    """Runs makegood and prints what it took; a plan with changes exits 2."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "makegood", *arguments], cwd=cwd, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(0.005)
    print(
        f"{' '.join(arguments)[:60]:60} {time.monotonic() - started:6.2f} s  {peak / 1024:6.0f} MB  exit {process.returncode}"
    )


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        log = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else work / "log.csv"
        if len(sys.argv) < 2:
            write_log(log)
        write_rules(work / "rules.yaml")
        (work / "makegood.toml").write_text(
            'store = "store.db"\n[helpdesks.log]\nkind = "local"\npath = "desk.db"\nhistory = "3650 days"\n'
        )
        measured(
            "desk", "import", str(log), "--into", "desk.db", "--mapping", str(HERE / "incident_log.toml"), cwd=work
        )
        measured("pull", cwd=work)
        measured("plan", "--no-pull", "--at", AT, "-o", "plan.json", cwd=work)


if __name__ == "__main__":
    main()
