"""How long the program takes to start: `--help` has to stay under 150 ms."""

import subprocess
import sys
import time

GATE = 0.150
RUNS = 9


def seconds(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "makegood", *arguments], capture_output=True, check=True)
    return time.perf_counter() - began


for command in ("--help", "facts", "operators", "schema"):
    best = sorted(seconds(command) for _ in range(RUNS))
    print(f"makegood {command}: {best[RUNS // 2] * 1000:.0f} ms (median of {RUNS}), best {best[0] * 1000:.0f} ms")
    if command == "--help" and best[RUNS // 2] > GATE:
        sys.exit(f"slower than {GATE * 1000:.0f} ms")
