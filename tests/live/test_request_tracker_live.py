"""The Request Tracker connector against the real thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from makegood.connectors.base import AuthFailed, Change
from makegood.connectors.conformance import ConnectorSuite, Stage, events, present, results, settled, tickets, visit
from makegood.connectors.request_tracker import RequestTracker

if TYPE_CHECKING:
    from makegood.connectors.base import Connector

pytestmark = pytest.mark.live
SEEDED = 60
CUSTOMER = "ana@customer.example"


class LiveStage(Stage):
    agents = ("alice", "bob")
    groups = ("Support", "Billing")
    text_field = "Recovery"

    def __init__(self, desk: Any) -> None:
        self.desk = desk

    def connector(self, user: str = "makegood") -> Connector:
        return RequestTracker(self.desk.url, token=self.desk.tokens[user], now=in_a_moment)

    def readonly(self) -> Connector:
        return self.connector("readonly")

    def unreachable(self) -> None:
        """Refused connections are retried for seconds; the fake covers them."""

    def ticket(self, subject: str, text: str) -> str:
        body = {"Queue": "Support", "Subject": subject, "Content": text, "ContentType": "text/plain"}
        return str(self.desk.call("POST", "ticket", {**body, "Requestor": CUSTOMER}, user=CUSTOMER)["id"])

    def customer_says(self, ticket: str, text: str) -> None:
        self.desk.call(
            "POST", f"ticket/{ticket}/correspond", {"Content": text, "ContentType": "text/plain"}, user=CUSTOMER
        )

    def agent_sets(self, ticket: str, field: str, value: str) -> None:
        columns = {"assignee": "Owner", "group": "Queue"}
        body = {columns[field]: value} if field in columns else {"CustomFields": {self.text_field: value}}
        self.desk.call("PUT", f"ticket/{ticket}", body, user="alice")

    def merge(self, ticket: str, into: str) -> bool:
        return bool(self.desk.call("PUT", f"ticket/{ticket}", {"MergeInto": into}))

    def delete(self, ticket: str) -> bool:
        return bool(self.desk.call("PUT", f"ticket/{ticket}", {"Status": "deleted"}))


def in_a_moment() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


@pytest.fixture(scope="module")
def truth(realdesk: Any) -> dict[str, Any]:
    seeded: dict[str, Any] = realdesk.seed(SEEDED, "--seed", "7")
    return seeded


@pytest.fixture
def stage(realdesk: Any, truth: dict[str, Any]) -> LiveStage:
    return LiveStage(realdesk)


class TestConformance(ConnectorSuite):
    """The suite of all connectors."""


def test_first_pull_is_whole_and_true(stage: LiveStage, truth: dict[str, Any]) -> None:
    pages = list(stage.connector().pull(None))
    pulled = tickets(pages)
    assert {str(n) for n in range(1, SEEDED + 1)} <= set(pulled)
    assert {t.id for t in pulled.values() if t.csat == "bad"} == {str(n) for n in truth["bad"]}
    assert {str(n) for n in truth["solved"]} <= {t.id for t in pulled.values() if t.status == "solved"}
    said = {e.actor_kind for e in events(pages).values() if e.kind == "message"}
    assert said >= {"customer", "agent"}


def test_twenty_changes_take_four_calls_and_none_takes_one(stage: LiveStage) -> None:
    cursor = settled(stage.connector())
    for number in range(1, 21):
        stage.desk.call("PUT", f"ticket/{number}", {"Priority": 61, "Owner": "dan"}, user="alice")
    connector = stage.connector()
    pages = list(connector.pull(cursor))
    assert set(tickets(pages)) == {str(n) for n in range(1, 21)}
    assert connector.calls <= 4
    quiet = stage.connector()
    assert not tickets(quiet.pull(pages[-1].cursor))
    assert quiet.calls == 1


def test_version_is_rts_own_etag(stage: LiveStage) -> None:
    for ticket in list(tickets(stage.connector().pull(None)).values())[:10]:
        assert ticket.version == stage.connector()._rest.ticket(ticket.id)["ETag"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("assignee", "customer1@customer.example"),
        ("group", "Nowhere"),
        ("status_name", "bogus"),
        ("field.Customer tier", "no"),
    ],
)
def test_swallowed_writes_are_refusals(stage: LiveStage, field: str, value: str) -> None:
    written = visit(stage.connector(), stage.ticket("Refused", "Please."), Change("1", "set", field, new=value))
    assert results(written) == [("1", "refused")]
    assert written.outcomes[0].detail


def test_unknown_custom_field_is_a_refusal_without_words(stage: LiveStage) -> None:
    written = visit(stage.connector(), stage.ticket("Refused", "Please."), Change("1", "set", "field.Nope", new="x"))
    assert "no such field" in written.outcomes[0].detail


@pytest.mark.parametrize("field", ["due", "field.Follow up by"])
def test_times_arrive_as_they_were_meant(stage: LiveStage, field: str) -> None:
    written = visit(
        stage.connector(), stage.ticket("When", "Please."), Change("1", "set", field, new="2026-12-01T10:30:00Z")
    )
    assert results(written) == [("1", "applied")]


def test_strange_characters_survive_a_search(stage: LiveStage) -> None:
    subject = 'O\'Brien \\ "ü" % _ {x} 漢字'
    ticket = stage.ticket(subject, "Please.")
    assert present(stage.connector(), ticket).subject == subject


def test_doctor_finds_a_good_account_good(stage: LiveStage) -> None:
    findings = list(stage.connector().doctor())
    assert not [text for level, text, _ in findings if level == "error"]
    assert any("service levels write Due" in text for _, text, _ in findings)


def test_doctor_sees_that_writes_would_be_swallowed(stage: LiveStage) -> None:
    findings = list(stage.readonly().doctor())
    assert any(level == "error" and "swallowed" in text for level, text, _ in findings)


def test_doctor_warns_of_a_superuser(stage: LiveStage) -> None:
    assert any("superuser" in text for _, text, _ in stage.connector("root").doctor())


def test_doctor_notices_a_zone_that_is_not_utc(stage: LiveStage) -> None:
    stage.desk.call("PUT", "user/makegood", {"Timezone": "America/New_York"})
    try:
        assert any("not UTC" in text for level, text, _ in stage.connector().doctor() if level == "error")
    finally:
        stage.desk.call("PUT", "user/makegood", {"Timezone": "UTC"})


def test_agents_come_with_their_time_zone(stage: LiveStage) -> None:
    stage.desk.call("PUT", "user/dan", {"Timezone": "America/New_York"})
    try:
        zones = {p.id: p.time_zone for p in next(iter(stage.readonly().pull(None))).people}
        assert (zones["dan"], zones["carol"]) == ("America/New_York", None)
    finally:
        stage.desk.call("PUT", "user/dan", {"Timezone": ""})


def test_wrong_token_stops(stage: LiveStage) -> None:
    connector = RequestTracker(stage.desk.url, token="1-39-" + "0" * 32, now=in_a_moment)
    with pytest.raises(AuthFailed, match="does not accept"):
        connector.catalogue()


def test_rts_own_clock_is_told(realdesk: Any) -> None:
    """Escalations has service levels: an answer is owed within an hour, a solution within eight."""
    body = {"Queue": "Escalations", "Subject": "It burns", "Content": "Help", "ContentType": "text/plain"}
    number = str(realdesk.call("POST", "ticket", {**body, "Requestor": CUSTOMER}, user=CUSTOMER)["id"])
    realdesk.call(
        "POST", f"ticket/{number}/correspond", {"Content": "On it", "ContentType": "text/plain"}, user="alice"
    )
    realdesk.call("PUT", f"ticket/{number}", {"SLA": "standard"}, user="alice")
    realdesk.call("PUT", f"ticket/{number}", {"SLA": "gold"}, user="alice")
    realdesk.call("PUT", f"ticket/{number}", {"Status": "resolved"}, user="alice")
    connector = RequestTracker(realdesk.url, token=realdesk.tokens["makegood"], now=in_a_moment)
    read = connector.read([number])
    told = [event for event in read.events if event.kind == "sla"]
    assert [event.new for event in told] == ["running", "running", None, "running", "met"]
    owed = [datetime.fromisoformat(str(event.old)) - read.tickets[0].created for event in told if event.old]
    assert [round(each / timedelta(hours=1)) for each in owed] == [1, 8, 8, 8]
    assert connector.catalogue().slas == ("rt",)
