"""How fast a Jira site becomes a local copy, and is written: ``python benchmarks/jsm.py [ISSUES]``.

The site is the tests' fake in a process of its own, on Cloud and as Data Center; the processor time of this process is our own
work: HTTP, JSON, tickets and events, the store. Each issue has a comment and two entries in its changelog.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from makegood.connectors.base import Change
from makegood.connectors.jsm import Jira
from makegood.connectors.jsm_http import Http
from makegood.engine.memory import StoreMemory
from makegood.engine.pull import pull
from makegood.engine.store import Store

FAKE = Path(__file__).parents[1] / "tests" / "fake_jira.py"
WAYS = {
    "Cloud": {"account": ("makegood@acme.example", "ATATT-made-up-token")},
    "Data Center": {"token": "made-up-personal-token"},
}
WRITTEN = 50


def now() -> datetime:
    return datetime.now(UTC)


def measured(face: str, issues: int, folder: Path) -> None:
    kind = ["--data-center"] if face == "Data Center" else []
    command = [sys.executable, str(FAKE), "--issues", str(issues), "--port", "0", *kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as fake:
        assert fake.stdout is not None
        url = fake.stdout.readline().strip()
        try:
            told(face, url, folder / f"{face}.db")
        finally:
            fake.terminate()


def told(face: str, url: str, place: Path) -> None:
    with Store.open(place, now=now) as store:
        http = Http(url, now=now, headroom=0, sleep=lambda _: None, **WAYS[face])
        desk = Jira(url, now=now, http=http, memory=StoreMemory(lambda: store, "support"), **WAYS[face])
        began, used = time.perf_counter(), time.process_time()
        report = pull(desk, store, "support", now=now)
        spent, ours = time.perf_counter() - began, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{face}: {report.tickets} tickets, {report.events} events, {report.calls} calls: {spent:.1f} s, {ours:.1f} s of our "
            f"own, {report.tickets / ours:,.0f} tickets a second; peak {peak} MB"
        )
        quiet = pull(desk, store, "support", now=now)
        print(f"{face}: a quiet pull: {quiet.calls} call, {quiet.seconds:.2f} s")
        written(face, desk)


def written(face: str, desk: Jira) -> None:
    """Fields, status and a note, on one issue after another."""
    numbers = [str(10_001 + each) for each in range(WRITTEN)]
    versions = {ticket.id: ticket.version for ticket in desk.read(numbers).tickets}
    before, began = desk.calls, time.process_time()
    for number in numbers:
        changes = [
            Change("1", "add_tags", "tags", new=("looked_at",)),
            Change("2", "set", "status", new="pending"),
            Change("3", "note", text="We looked.\n\nmakegood 7f3a2c", marker="7f3a2c"),
        ]
        outcomes = desk.apply(number, changes, versions[number]).outcomes
        assert {each.result for each in outcomes} == {"applied"}
    calls, ours = (desk.calls - before) / WRITTEN, (time.process_time() - began) / WRITTEN
    print(f"{face}: an issue with a tag, a status and a note: {calls:.1f} calls, {ours * 1000:.0f} ms of our own")


def main(issues: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for face in WAYS:
            measured(face, issues, Path(folder))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
