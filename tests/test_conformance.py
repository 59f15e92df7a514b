"""Every connector of ours passes the suite that outside connectors are given. One subclass a connector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fake_desk import Clock, make_desk
from fake_jira import FakeJira
from fake_jira_client import Clock as JiraClock
from fake_jira_client import connect as connect_jira
from fake_rt import FakeRT
from fake_rt_client import NOW, connect
from fake_zendesk import FakeZendesk
from fake_zendesk_client import Clock as ZendeskClock
from fake_zendesk_client import connect as connect_zendesk

from makegood.connectors.base import Change, ReadOnly
from makegood.connectors.conformance import ConnectorSuite, Stage
from makegood.connectors.local import Local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from makegood.connectors.base import Connector


class RTStage(Stage):
    agents = ("alice", "bob")
    groups = ("Support", "Billing")
    text_field = "Recovery"

    def __init__(self, rt: FakeRT) -> None:
        self.rt = rt

    def connector(self, user: str = "makegood", url: str = "") -> Connector:
        return connect(self.rt, user, url=url)

    def readonly(self) -> Connector:
        return self.connector("readonly")

    def unreachable(self) -> Connector:
        return self.connector(url="http://127.0.0.1:9")

    def ticket(self, subject: str, text: str) -> str:
        return self.rt.add_ticket(subject, text=text)

    def customer_says(self, ticket: str, text: str) -> None:
        self.rt.say(ticket, "ana@customer.example", text)

    def agent_sets(self, ticket: str, field: str, value: str) -> None:
        columns = {"assignee": "Owner", "group": "Queue"}
        body = {columns[field]: value} if field in columns else {"CustomFields": {self.text_field: value}}
        self.rt.change(ticket, "alice", body)

    def merge(self, ticket: str, into: str) -> bool:
        return bool(self.rt.merge(ticket, into, by="alice"))

    def delete(self, ticket: str) -> bool:
        return bool(self.rt.change(ticket, "alice", Status="deleted"))


class TestRequestTracker(ConnectorSuite):
    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        with FakeRT(now=lambda: NOW) as rt:
            yield RTStage(rt)


class ZendeskStage(Stage):
    groups = ("Support", "Billing")
    text_field = "Recovery"
    tags = ("two_words", "vip")
    quiet_calls = 3

    def __init__(self, zd: FakeZendesk, clock: ZendeskClock) -> None:
        self.zd = zd
        self.clock = clock
        self.agents = (str(zd.user_id("alice@acme.example")), str(zd.user_id("bob@acme.example")))

    def connector(self) -> Connector:
        self.clock.turn()
        return connect_zendesk(self.zd)

    def readonly(self) -> Connector:
        return connect_zendesk(self.zd, account=("reader@acme.example", self.zd.entry.reader_api_token))

    def unreachable(self) -> Connector:
        return connect_zendesk(self.zd, url="http://127.0.0.1:9")

    def ticket(self, subject: str, text: str) -> str:
        self.clock.turn()
        return self.zd.add_ticket(subject, text)

    def customer_says(self, ticket: str, text: str) -> None:
        self.clock.turn()
        self.zd.say(ticket, "ana@customer.example", text)

    def agent_sets(self, ticket: str, field: str, value: str) -> None:
        self.clock.turn()
        named = {"assignee": "assignee_id", "group": "group_id"}.get(field)
        number = int(value) if field == "assignee" else self.zd.group_id(value) if field == "group" else 0
        fields = {named: number} if named else {"custom_fields": {self.text_field: value}}
        self.zd.change(ticket, "alice@acme.example", fields)

    def merge(self, ticket: str, into: str) -> bool:
        self.clock.turn()
        self.zd.merge(ticket, into)
        return True

    def delete(self, ticket: str) -> bool:
        self.clock.turn()
        self.zd.delete(ticket)
        return True


class TestZendesk(ConnectorSuite):
    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        clock = ZendeskClock()
        with FakeZendesk(now=clock) as zd:
            yield ZendeskStage(zd, clock)


class JiraStage(Stage):
    groups = ("Support", "Billing")
    text_field = "Recovery"
    tags = ("two_words", "vip")

    def __init__(self, jira: FakeJira, clock: JiraClock) -> None:
        self.jira = jira
        self.clock = clock
        self.agents = (jira.user_id("alice@acme.example"), jira.user_id("bob@acme.example"))

    def connector(self) -> Connector:
        self.clock.turn()
        return connect_jira(self.jira)

    def readonly(self) -> Connector:
        entry = self.jira.entry
        account = {"account": ("reader@acme.example", entry.reader_api_token)}
        return connect_jira(self.jira, way=account if self.jira.cloud else {"token": entry.reader_pat})

    def unreachable(self) -> Connector:
        return connect_jira(self.jira, url="http://127.0.0.1:9")

    def ticket(self, subject: str, text: str) -> str:
        self.clock.turn()
        return self.jira.add_issue(subject, text)

    def customer_says(self, ticket: str, text: str) -> None:
        self.clock.turn()
        self.jira.say(ticket, "ana@customer.example", text)

    def agent_sets(self, ticket: str, field: str, value: str) -> None:
        self.clock.turn()
        named = {"assignee": "assignee", "group": "Support group"}.get(field, self.text_field)
        self.jira.change(ticket, "alice@acme.example", {named: value})

    def merge(self, ticket: str, into: str) -> bool:
        self.clock.turn()
        self.jira.merge(ticket, into)
        return True

    def delete(self, ticket: str) -> bool:
        self.clock.turn()
        self.jira.delete(ticket)
        return True


@pytest.mark.parametrize("cloud", [True, False], ids=["cloud", "server"])
class TestJira(ConnectorSuite):
    @pytest.fixture
    def stage(self, cloud: bool) -> Iterator[Stage]:
        clock = JiraClock()
        with FakeJira(cloud=cloud, now=clock) as jira:
            jira.person("copy@customer.example")
            yield JiraStage(jira, clock)


class LocalStage(Stage):
    agents = ("ana", "ben")
    groups = ("Support", "Billing")
    text_field = "Remark"

    def __init__(self, desk: Local) -> None:
        self.desk = desk
        self.opened = [desk]

    def connector(self) -> Connector:
        self.opened.append(Local(self.desk.path, now=self.desk.now, create=False))
        return self.opened[-1]

    def readonly(self) -> Connector:
        self.desk.describe(read_only=True)
        return self.connector()

    def unreachable(self) -> None:
        """A desk that cannot be opened is said to be so when a connector is made: see test_embedded."""

    def ticket(self, subject: str, text: str) -> str:
        return self.desk.create("u1", subject, text)

    def customer_says(self, ticket: str, text: str) -> None:
        self.desk.say(ticket, "u1", text)

    def agent_sets(self, ticket: str, field: str, value: str) -> None:
        name = field if field in ("assignee", "group") else f"field.{self.text_field}"
        self.desk.change(ticket, "ana", name, value)

    def merge(self, ticket: str, into: str) -> bool:
        self.desk.merge(ticket, into, "ana")
        return True

    def delete(self, ticket: str) -> bool:
        self.desk.delete(ticket, "ana")
        return True


class TestLocal(ConnectorSuite):
    @pytest.fixture
    def stage(self, tmp_path: Path) -> Iterator[Stage]:
        stage = LocalStage(make_desk(tmp_path / "desk.db", Clock()))
        yield stage
        for desk in stage.opened:
            desk.close()


def test_a_read_only_connector_reads_and_never_writes() -> None:
    with FakeRT(now=lambda: NOW) as rt:
        ticket = rt.add_ticket("Printer", text="It is on fire")
        looking = ReadOnly(connect(rt))
        (found,) = looking.read([ticket]).tickets
        assert ticket in [each.id for page in looking.pull(None) for each in page.tickets]
        with pytest.raises(AssertionError, match="must not write"):
            looking.apply(ticket, [Change("1", "set", "priority", new="high")], found.version)
        assert rt.writes == []
