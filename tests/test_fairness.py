"""Who was given how much: two figures of evenness, and the command that shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fake_cli import answer, call
from hypothesis import given
from hypothesis import strategies as st

from makegood.connectors.local import Local
from makegood.connectors.ticket import Person
from makegood.engine.fairness import fairness, gini

ANN, BEN, CLEO = (f"{name}@acme.example" for name in ("ann", "ben", "cleo"))


def by_pairs(values: list[float]) -> float:
    """The Gini coefficient as it is defined: the mean difference of all pairs, by twice the mean."""
    count = len(values)
    apart = sum(abs(one - other) for one in values for other in values)
    return apart / (2 * count * count * (sum(values) / count))


@given(st.lists(st.integers(0, 50).map(float), min_size=1, max_size=12).filter(any))
def test_gini_is_what_its_definition_says(values: list[float]) -> None:
    assert gini(values) == pytest.approx(by_pairs(values))


def test_gini_of_nothing_is_not_known() -> None:
    assert gini([]) is None
    assert gini([0, 0]) is None
    assert gini([3, 3, 3]) == pytest.approx(0)


def test_shares_go_by_weight_and_whoever_got_nothing_counts() -> None:
    found = fairness([(ANN, True), (ANN, False), (BEN, True)], {ANN: 1.0, BEN: 0.5, CLEO: 1.0})
    assert [(one.person, one.given, one.by_us, one.share) for one in found.portions] == [
        (ANN, 2, 1, 2.0),
        (BEN, 1, 1, 2.0),
        (CLEO, 0, 0, 0.0),
    ]
    assert found.most_to_mean == pytest.approx(1.5)
    assert fairness([], {ANN: 1.0}).gini is None


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    now = datetime.now(UTC)
    with Local(tmp_path / "desk.db", now=lambda: datetime.now(UTC)) as desk:
        desk.describe(groups=("Billing",))
        for name, address in (("Ann", ANN), ("Ben", BEN), ("Cleo", CLEO)):
            desk.add_person(Person(address, name, address, role="agent", groups=("Billing",)))
        desk.add_person(Person("zoe", email="zoe@customer.example"))
        for number, (who, days) in enumerate(((ANN, 2), (ANN, 3), (BEN, 4), (BEN, 40))):
            ticket = desk.create("zoe", f"T{number}", "x", at=now - timedelta(days=50))
            desk.change(ticket, who, "assignee", who, at=now - timedelta(days=days))
    Path("makegood.toml").write_text('store = "m.db"\n[helpdesks.support]\nkind = "local"\npath = "desk.db"\n')
    Path("rules.yaml").write_text(
        f"version: 1\nteams:\n  billing: {{group: Billing, people: {{{ANN}: {{}}, {CLEO}: {{weight: 0.5}}}}}}\n"
        "rules:\n  - {name: New is marked, when: {status: new}, add_tags: [seen]}\n"
    )
    call("pull")
    return tmp_path


def test_the_command_shows_who_was_given_what(desk: Path) -> None:
    told = answer("fairness")
    assert [(one["who"], one["given"]) for one in told["people"]] == [(ANN, 2), (BEN, 1), (CLEO, 0)]
    assert told["gini"] == pytest.approx(by_pairs([2, 1, 0]))
    shown = call("fairness").stdout
    assert "Ann" in shown
    assert "Gini" in shown


def test_a_longer_period_and_a_team_can_be_asked_for(desk: Path) -> None:
    assert [one["given"] for one in answer("fairness", "--period", "60 days")["people"]] == [2, 2, 0]
    assert [one["who"] for one in answer("fairness", "--team", "billing")["people"]] == [ANN, CLEO]
    assert "Nobody was given a ticket" in call("fairness", "--period", "1 hour").stdout


def test_what_is_asked_wrongly_is_said(desk: Path) -> None:
    assert 'there is no team "leads"' in call("fairness", "--team", "leads").stderr
    assert "a length of time is wanted" in call("fairness", "--period", "soon").stderr


def test_the_ledger_tells_out_of_whom_we_chose_and_who_else_gave_tickets(desk: Path) -> None:
    Path("rules.yaml").write_text(
        f"version: 1\nteams: {{billing: {{group: Billing, people: [{BEN}, {CLEO}]}}}}\n"
        "rules: [{name: Somebody looks at it, when: {subject: New one}, backlog: include, "
        "assign: {team: billing, choose: least_busy}}]\n"
    )
    with Local(desk / "desk.db", now=lambda: datetime.now(UTC)) as local:
        ticket = local.create("zoe", "New one", "x")
    call("plan", "-o", "plan.json")
    assert call("apply", "plan.json").exit_code == 0
    call("pull")
    newest, *others = answer("fairness", "--ledger")["assignments"]
    assert (newest["ticket"], newest["who"], newest["from"], newest["by"]) == (ticket, CLEO, None, "us")
    assert newest["rule"] == "Somebody looks at it"
    assert [one["who"] for one in newest["why"]["candidates"]] == [CLEO, BEN]
    assert [(one["who"], one["by"], one["rule"]) for one in others] == [
        (ANN, ANN, None),
        (ANN, ANN, None),
        (BEN, BEN, None),
    ]
    shown = call("fairness", "--ledger").stdout
    assert f"#{ticket} to Cleo, by us" in shown
    assert "Somebody looks at it" in shown
    assert f"least busy (waiting: {CLEO} 0, {BEN} 2)" in shown
    (run,) = {change["run"] for change in answer("history", "--ticket", ticket)["changes"]}
    whys = {change["field"]: change["why"] for change in answer("history", run)["changes"]}
    assert whys["assignee"] == newest["why"]
    assert f"least busy (waiting: {CLEO} 0, {BEN} 2)" in call("history", run).stdout


def test_one_person_can_be_asked_about_by_name(desk: Path) -> None:
    assert [(one["who"], one["given"]) for one in answer("fairness", "--who", "ben")["people"]] == [(BEN, 1)]
    assert [one["who"] for one in answer("fairness", "--who", ANN, "--ledger")["assignments"]] == [ANN, ANN]
    assert "Nobody was given a ticket" in call("fairness", "--who", CLEO, "--ledger").stdout
    told = call("fairness", "--who", "ann@acme.exmaple")
    assert told.exit_code == 1
    assert f"did you mean {ANN}?" in told.stderr
