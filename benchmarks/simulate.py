"""One month of an incident log under several ways of choosing people: seconds of the command, and which way is better.

    python benchmarks/simulate.py [LOG.csv]

Without a log one of the same shape is made up, in which owners are drawn by lot. Three times the estimated work, because
differences show under load.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from incident_log import HERE, measured, write_log

RULES = """version: 1
default_calendar: desk
calendars:
  desk: {time_zone: UTC, hours: {mon-fri: 08:00-18:00}}
rules:
  - name: Somebody looks at it
    deadline:
      name: begun
      target: first_reply
      within: {urgent: 2 business hours, high: 4 business hours, normal: 8 business hours, default: 16 business hours}
"""
SETTINGS = 'store = "store.db"\n[helpdesks.log]\nkind = "local"\npath = "desk.db"\nhistory = "3650 days"\n'
MONTH = ("--from", "2016-04-01", "--to", "2016-04-30", "--effort", "3")
WAYS = "as_it_was,most_skilled,random,round_robin,weighted,sticky,least_busy"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        log = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else work / "log.csv"
        if len(sys.argv) < 2:
            write_log(log)
        (work / "rules.yaml").write_text(RULES)
        (work / "makegood.toml").write_text(SETTINGS)
        measured(
            "desk", "import", str(log), "--into", "desk.db", "--mapping", str(HERE / "incident_log.toml"), cwd=work
        )
        measured("pull", cwd=work)
        measured("simulate", *MONTH, "--choose", WAYS, cwd=work)
        subprocess.run([sys.executable, "-m", "makegood", "simulate", *MONTH, "--choose", WAYS], cwd=work, check=True)


if __name__ == "__main__":
    main()
