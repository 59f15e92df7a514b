"""The real Request Tracker of the live suite: ``pytest -m live tests/live``. Without ``-m live`` nothing here is collected.

``LIVE_RT_DIR`` names a directory to keep it in (``rt-up`` may have been started there in the background already);
else it lives in a temporary one. Where it cannot be had, the tests are skipped on a desk and fail in CI.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return None if "live" in (config.getoption("markexpr") or "") else True


class RealDesk:
    """A running RT: ``url``, ``tokens`` by login, ``seed`` for tickets, ``reset`` to the empty desk, ``call`` as anybody."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self.url = ""
        self.tokens: dict[str, str] = {}

    def up(self) -> None:
        said = self._run("rt-up", str(self.directory), str(self.port))
        self.url, self.tokens = said["url"], said["tokens"]

    def down(self, *options: str) -> None:
        subprocess.run([HERE / "rt-down", self.directory, *options], check=True, timeout=60)

    def reset(self) -> None:
        self.down("--reset")
        self.up()

    def seed(self, count: int, *options: str) -> dict[str, Any]:
        """Tickets with a history; the numbers of those that are special, by what they are."""
        return self._run("rt-seed", str(self.directory), str(count), *options)

    def settings(self, **mapped: str) -> str:
        """``makegood.toml`` for it, with the desk's own fields by fact."""
        lines = [
            "[helpdesks.support]",
            'kind = "rt"',
            f'base_url = "{self.url}"',
            'token = { env = "RT_TOKEN" }',
            "[helpdesks.support.map]",
            *(f'{fact} = "{field}"' for fact, field in mapped.items()),
        ]
        return "\n".join(lines) + "\n"

    def call(self, method: str, path: str, body: object = None, *, user: str = "root") -> Any:
        import requests

        headers = {"Authorization": f"token {self.tokens[user]}"}
        answer = requests.request(method, f"{self.url}/REST/2.0/{path}", json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _run(self, script: str, *arguments: str) -> dict[str, Any]:
        done = subprocess.run([HERE / script, *arguments], check=False, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(f"{script} failed: {done.stderr.strip()}")
        said: dict[str, Any] = json.loads(done.stdout)
        return said


@pytest.fixture(scope="session")
def running_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealDesk]:
    kept = os.environ.get("LIVE_RT_DIR")
    directory = Path(kept) if kept else tmp_path_factory.mktemp("rt")
    desk = RealDesk(directory, int(os.environ.get("LIVE_RT_PORT") or _free_port()))
    try:
        desk.up()
    except (RuntimeError, subprocess.SubprocessError, OSError) as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no Request Tracker: {error}")
    yield desk
    desk.down()


@pytest.fixture(scope="module")
def realdesk(running_desk: RealDesk) -> RealDesk:
    """The desk without tickets, fresh for each module."""
    running_desk.reset()
    return running_desk


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
