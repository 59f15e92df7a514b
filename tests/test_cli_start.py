"""The first minutes: ``demo``, ``init``, ``desk`` and ``doctor``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from fake_cli import RULES, answer, call, furnish
from fake_rt import FakeRT

import makegood
from makegood.cli import settings
from makegood.cli.session import Session
from makegood.connectors import CONNECTORS, connector, kinds
from makegood.connectors.base import ConnectorError, Memory


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_demo_ends_with_a_plan_and_what_to_try(folder: Path) -> None:
    result = call("demo")
    assert result.exit_code == 0, result.output
    assert "nothing wrong" in result.stdout
    assert "all passed" in result.stdout
    assert "Plan: " in result.stdout
    assert "Try next:" in result.stdout
    assert (folder / "makegood-demo" / "rules.yaml").read_text() == example()


def example() -> str:
    return Path(makegood.__file__).with_name("rules.example.yaml").read_text()


def test_the_demos_plan_can_be_applied_and_then_little_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("demo", "d")
    monkeypatch.chdir(folder / "d")
    assert call("plan", "-o", "plan.json").exit_code == 2
    planned = {change["id"] for change in json.loads(Path("plan.json").read_text())["changes"]}
    assert call("apply", "plan.json").exit_code == 0
    assert planned.isdisjoint(change["id"] for change in answer("plan")["changes"])


def test_a_demo_starts_over_but_keeps_your_rules(folder: Path) -> None:
    call("demo", "d")
    (folder / "d" / "rules.yaml").write_text(RULES)
    result = call("demo", "d")
    assert "was kept" in result.stdout
    assert (folder / "d" / "rules.yaml").read_text() == RULES


def test_a_demo_takes_no_folder_of_yours(folder: Path) -> None:
    (folder / "letters").mkdir()
    (folder / "letters" / "love.txt").write_text("dear")
    assert call("demo", "letters").exit_code == 1
    (folder / "file").write_text("")
    assert call("demo", "file").exit_code == 1
    assert sorted(path.name for path in folder.rglob("*")) == ["file", "letters", "love.txt"]


@pytest.mark.parametrize("kind", list(CONNECTORS))
def test_init_writes_files_that_are_right(folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("RT_TOKEN", "ZENDESK_CLIENT_SECRET"):
        monkeypatch.delenv(variable, raising=False)
    result = call("init", "--helpdesk", kind)
    assert result.exit_code == 0, result.output
    assert "was not reached" in result.stdout
    assert call("check", "--strict").exit_code == 0
    assert call("test").exit_code == 0
    steps = yaml.safe_load((folder / ".github/workflows/makegood.yml").read_text())["jobs"]["rules"]["steps"]
    assert [step["run"] for step in steps if "run" in step][1:] == ["makegood check --format github", "makegood test"]


def test_init_says_how_to_get_into_zendesk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZENDESK_CLIENT_SECRET", raising=False)
    told = call("init", "--helpdesk", "zendesk", "--subdomain", "birch").stdout
    assert "ZENDESK_CLIENT_SECRET is not set" in told
    assert "export ZENDESK_CLIENT_SECRET=..." in told
    assert "docs/zendesk.md" in told
    assert 'subdomain = "birch"' in (folder / "makegood.toml").read_text()
    assert call("init", "--helpdesk", "zendesk", "--base-url", "http://127.0.0.1:9", "--force").exit_code == 0
    assert 'base_url = "http://127.0.0.1:9"' in (folder / "makegood.toml").read_text()


def test_init_asks_no_helpdesk_that_nobody_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("somebody else's helpdesk was asked")

    monkeypatch.setattr("makegood.connectors.zendesk.Zendesk", never)
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", "hush")
    assert "nothing says where it is" in call("init", "--helpdesk", "zendesk").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("zendesk", "--subdomain", "birch", "--base-url", "http://127.0.0.1:9"), "not both"),
        (("rt", "--subdomain", "birch"), "--subdomain is for zendesk"),
    ],
)
def test_init_takes_one_place_that_fits(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    result = call("init", "--helpdesk", *arguments)
    assert (result.exit_code, said in result.stderr) == (1, True)
    assert not (folder / "makegood.toml").exists()


def test_init_overwrites_only_when_told(folder: Path) -> None:
    (folder / "rules.yaml").write_text(RULES)
    refused = call("init", "--helpdesk", "local")
    assert (refused.exit_code, "rules.yaml would be overwritten" in refused.stderr) == (1, True)
    assert not (folder / "makegood.toml").exists()
    assert call("init", "--helpdesk", "local", "--force").exit_code == 0
    assert (folder / "rules.yaml").read_text() != RULES


def test_init_names_the_desks_own_words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeRT() as rt:
        monkeypatch.setenv("RT_TOKEN", rt.token)
        result = call("init", "--helpdesk", "rt", "--base-url", rt.url)
    assert "not reached" not in result.stdout
    rules = (folder / "rules.yaml").read_text()
    assert "groups: " in rules
    assert "Customer tier" in rules
    assert call("check", "--strict").exit_code == 0


def test_a_desk_goes_out_and_in(folder: Path) -> None:
    furnish(folder)
    assert call("desk", "export", "desk.db", "-o", "desk.jsonl").exit_code == 0
    done = call("desk", "import", "desk.jsonl", "--into", "copy.db")
    assert "3 people, 3 tickets, 6 events imported" in done.stdout
    assert call("desk", "export", "copy.db").stdout == (folder / "desk.jsonl").read_text()


def test_a_bad_file_leaves_no_desk_behind(folder: Path) -> None:
    (folder / "bad.jsonl").write_text('{"ticket": {}}\noops\n')
    result = call("desk", "import", "bad.jsonl", "--into", "new.db")
    assert result.exit_code == 1
    assert "line 2" in result.stderr
    assert not (folder / "new.db").exists()
    assert call("desk", "import", "none.jsonl", "--into", "new.db").exit_code == 1
    assert call("desk", "export", "none.db").exit_code == 1


def test_doctor_is_content_with_a_desk_in_order(folder: Path) -> None:
    furnish(folder)
    assert "after the first pull" in call("doctor").stdout
    call("pull")
    result = call("doctor")
    assert result.exit_code == 0, result.output
    assert "everything that the 2 rules" in result.stdout
    found = answer("doctor")["findings"]
    assert {finding["level"] for finding in found} == {"ok"}


def test_doctor_names_what_rules_miss(folder: Path) -> None:
    furnish(folder)
    (folder / "rules.yaml").write_text(RULES.replace("assign: {to: ben@example.com}", "set: {field.Ordre: x}"))
    result = call("doctor")
    assert result.exit_code == 1
    assert "Ordre" in result.stdout


def test_doctor_warns_of_a_secret_in_the_file(folder: Path) -> None:
    with FakeRT() as rt:
        text = f'[helpdesks.s]\nkind = "rt"\nbase_url = "{rt.url}"\ntoken = "{rt.token}"\n'
        (folder / "makegood.toml").write_text(text)
        result = call("doctor")
    assert "holds the token of s itself" in result.stdout
    assert rt.token not in result.output


def test_a_connector_opens_the_store_only_to_ask_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(folder)
    given: list[Memory] = []
    monkeypatch.setattr(settings.Local, "connect", lambda _desk, _folder, _now, memory: given.append(memory) or _desk)
    with Session.open(Path("makegood.toml"), None) as session:
        assert session.connector.kind == "local"
        assert given[0].people([]) == {}
        assert not (folder / "makegood.db").exists()
        assert given[0].people(["u1"]) == {}
        assert (folder / "makegood.db").exists()


def test_connectors_are_found_by_kind() -> None:
    assert kinds()[: len(CONNECTORS)] == tuple(CONNECTORS)
    assert {connector(kind).__name__ for kind in CONNECTORS} == {"Local", "RequestTracker", "Zendesk", "Jira"}
    with pytest.raises(ConnectorError, match="no connector"):
        connector("pigeon")


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONNECTORS, "rt", "not_there:Nothing")
    with pytest.raises(ConnectorError) as failed:
        connector("rt")
    assert failed.value.hint == "pip install 'makegood[rt]'"
