"""A helpdesk, a store or a folder that does not do what it should: a clear message, the right code, no traceback."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest
from fake_cli import RULES, call, furnish
from fake_rt import FakeRT

SETTINGS = '[helpdesks.support]\nkind = "rt"\nbase_url = "{url}"\ntoken = {{ env = "RT_TOKEN" }}\n'
WISH = "rules:\n  - name: Urgent\n    when: {subject: {contains: help}}\n    set: {priority: high}\n    note: Look at it.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(WISH)
    return tmp_path


def settle(folder: Path, monkeypatch: pytest.MonkeyPatch, url: str, token: str) -> None:
    (folder / "makegood.toml").write_text(SETTINGS.format(url=url))
    monkeypatch.setenv("RT_TOKEN", token)


def told(*arguments: str, code: int = 1) -> str:
    """What a command that fails says on stderr; it must be an error in words, without a trace of Python."""
    result = call(*arguments)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stderr


def test_rules_on_a_request_tracker_from_pull_to_an_empty_plan(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeRT() as rt:
        settle(folder, monkeypatch, rt.url, rt.token)
        ticket = rt.add_ticket("Help me")
        assert call("pull").exit_code == 0
        assert call("plan", "-o", "plan.json").exit_code == 2
        applied = call("apply", "plan.json")
        assert applied.exit_code == 0, applied.output
        assert call("plan").exit_code == 0
        assert int(rt.tickets[int(ticket)]["Priority"]) > 50


def test_nothing_but_apply_writes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeRT(fail_on_write=True) as rt:
        settle(folder, monkeypatch, rt.url, rt.token)
        rt.add_ticket("Help me")
        assert call("plan").exit_code == 2
        assert call("sync", "--dry-run").exit_code == 2
        (folder / "rules.yaml").write_text(WISH.replace("    when:", "    mode: shadow\n    when:"))
        assert call("sync").exit_code == 0
        assert call("doctor").exit_code == 0
        assert call("explain", "1").exit_code == 0


@pytest.mark.parametrize(
    ("kind", "words"),
    [(401, "token"), (403, ""), (404, ""), ("html", ""), ("not_json", ""), ("cut_before", ""), (500, "")],
)
def test_a_desk_that_misbehaves_is_told_in_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: int | str, words: str
) -> None:
    with FakeRT() as rt:
        settle(folder, monkeypatch, rt.url, rt.token)
        monkeypatch.setattr("time.sleep", lambda _: None)
        rt.fail(kind, times=100)
        said = told("pull")
    assert said.startswith("error: ")
    assert words in said
    assert rt.token not in said


def test_a_wrong_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeRT() as rt:
        settle(folder, monkeypatch, rt.url, "1-14-0123456789abcdef")
        said = told("pull")
        assert told("doctor", code=1) is not None
    assert "0123456789abcdef" not in said


def test_no_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(folder, monkeypatch, "http://127.0.0.1:9", "")
    assert "RT_TOKEN is not set" in told("pull")


def test_nobody_answers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settle(folder, monkeypatch, f"http://127.0.0.1:{unused.getsockname()[1]}", "1-14-x")
        assert "127.0.0.1" in told("pull")


def test_a_server_without_tls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with FakeRT() as rt:
        settle(folder, monkeypatch, rt.url.replace("http://", "https://"), rt.token)
        assert told("pull").startswith("error: ")


def test_an_address_that_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(folder, monkeypatch, "not an address", "1-14-x")
    assert told("pull").startswith("error: ")


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\x00" + b"\x07" * 5000])
def test_a_store_that_is_none(folder: Path, content: bytes) -> None:
    furnish(folder)
    (folder / "makegood.db").write_bytes(content)
    assert "makegood.db" in told("pull")
    assert (folder / "makegood.db").read_bytes() == content


def test_a_database_of_somebody_else(folder: Path) -> None:
    furnish(folder)
    with sqlite3.connect(folder / "makegood.db") as db:
        db.execute("CREATE TABLE songs (title)")
    assert "not a makegood store" in told("plan")


def test_a_folder_that_is_not_there(folder: Path) -> None:
    furnish(folder)
    text = (folder / "makegood.toml").read_text()
    (folder / "makegood.toml").write_text(text.replace("makegood.db", "no/such/place/makegood.db"))
    assert "no/such/place" in told("pull")
    (folder / "makegood.toml").write_text(text)
    assert "nowhere" in told("plan", "-o", "nowhere/plan.json")


def test_a_desk_that_is_none(folder: Path) -> None:
    furnish(folder).close()
    (folder / "desk.db").write_bytes(b"garbage" * 1000)
    assert "desk.db" in told("pull")


def test_rules_that_name_what_the_desk_does_not_have(folder: Path) -> None:
    furnish(folder)
    (folder / "rules.yaml").write_text(RULES.replace("ben@", "bne@"))
    said = told("plan")
    assert "rules.yaml:9" in said
    assert "ben@example.com" in said


def test_settings_that_are_missing_or_wrong(folder: Path) -> None:
    assert "there is no makegood.toml" in told("pull")
    (folder / "makegood.toml").write_text("[helpdesks.a]\nkind = 5\n")
    assert "makegood.toml:2" in told("pull")
    (folder / "makegood.toml").write_text(
        "[helpdesks.a]\nkind='local'\npath='a.db'\n[helpdesks.b]\nkind='local'\npath='b'\n"
    )
    assert "--helpdesk" in told("pull")


def test_a_time_that_is_none(folder: Path) -> None:
    furnish(folder)
    assert "--at" in told("plan", "--at", "teatime")
