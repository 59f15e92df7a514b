"""How long the program takes to start, and to check a long rule file: `--help` has to stay under 150 ms."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

GATE = 0.150
RUNS = 9
RULE = """
  - name: Refund complaints {0} go to whoever in Billing is least busy     # a sentence; unique
    why: Billing owns refunds; we promise an answer within one working day.   # shown to agents
    when:
      status: [new, open]
      any: {{form: Refund request {0}, subject: {{contains: [refund, chargeback]}}}}
      none: {{tags: [spam]}}
    assign: {{team: billing, choose: least_busy, prefer: [requester.last_assignee]}}
    note: Hello {0}
"""
HEAD = "version: 1\nteams:\n  billing: {group: Billing, people: {ana@example.com: {}}}\nrules:\n"


def seconds(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "makegood", *arguments], capture_output=True, check=True)
    return time.perf_counter() - began


with tempfile.TemporaryDirectory() as folder:
    rules = Path(folder) / "rules.yaml"
    rules.write_text(HEAD + "".join(RULE.format(number) for number in range(220)), encoding="utf-8")
    lines = rules.read_text(encoding="utf-8").count("\n")
    commands = {name: (name,) for name in ("--help", "facts", "operators", "schema")}
    commands[f"check ({lines:,} lines)"] = ("check", "--rules", str(rules))
    for title, command in commands.items():
        took = sorted(seconds(*command) for _ in range(RUNS))
        print(f"makegood {title}: {took[RUNS // 2] * 1000:.0f} ms (median of {RUNS}), best {took[0] * 1000:.0f} ms")
        if title == "--help" and took[RUNS // 2] > GATE:
            sys.exit(f"slower than {GATE * 1000:.0f} ms")
