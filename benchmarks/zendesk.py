"""How fast a Zendesk account becomes a local copy: ``python benchmarks/zendesk.py [TICKETS [EVENTS_PER_TICKET]]``.

The account is the tests' fake in a process of its own that answers from bytes made beforehand, so the processor time of this
process is our own work: HTTP, JSON, tickets and events, the store. Waiting for Zendesk's limits is left out.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from makegood.connectors.zendesk import Zendesk
from makegood.connectors.zendesk_http import Http
from makegood.engine.memory import StoreMemory
from makegood.engine.pull import pull
from makegood.engine.store import Store

FAKE = Path(__file__).parents[1] / "tests" / "fake_zendesk.py"


def now() -> datetime:
    return datetime.now(UTC)


def measured(tickets: int, events: float, folder: Path) -> None:
    command = [sys.executable, str(FAKE), "--tickets", str(tickets), "--events-per-ticket", str(events), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as fake:
        assert fake.stdout is not None
        url = fake.stdout.readline().strip()
        try:
            told(url, folder / f"{events}.db")
        finally:
            fake.terminate()


def told(url: str, place: Path) -> None:
    with Store.open(place, now=now) as store:
        http = Http(url, now=now, client=("makegood", "secret"), headroom=0, sleep=lambda _: None)
        desk = Zendesk(
            url, now=now, client=("makegood", "secret"), http=http, memory=StoreMemory(lambda: store, "support")
        )
        began, used = time.perf_counter(), time.process_time()
        report = pull(desk, store, "support", now=now)
        spent, ours = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    rate = report.tickets / ours
    print(
        f"{report.tickets} tickets, {report.events} events, {report.calls} calls: {spent:.1f} s, {ours:.1f} s of our own, "
        f"{rate:,.0f} tickets a second; peak {peak} MB"
    )


def main(tickets: int, events: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for each in (0.0, events):
            measured(tickets, each, Path(folder))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100_000, float(sys.argv[2]) if sys.argv[2:] else 3.3)
