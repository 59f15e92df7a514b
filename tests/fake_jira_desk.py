"""What a Jira holds, and the hands that work on it: customers, agents, automation and the system; no HTTP here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_jira_issues import Change, JiraIssues, Rule
from fake_jira_sla import FIRST, RESOLUTION
from fake_jira_values import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from fake_jira_people import Row

ALICE = "alice@acme.example"


class JiraDesk(JiraIssues):
    """The site with its issues. People are named by e-mail, everything else by its English name or its id."""

    # ---- what tests do

    def add_issue(
        self, summary: str = "Help", text: str = "Please help.", *, by: str = "ana@customer.example", at: datetime | None = None,
        project: str = "SUP", request_type: str | None = "", creator: str = "", **fields: Any,
    ) -> str:  # fmt: skip
        """A new request by a customer, its id; ``fields`` are set as if from the start, ``creator`` may be a mail robot.

        The request type is the project's first one; with ``None`` it is a plain issue. Custom fields go into
        ``custom_fields`` by title.
        """
        at, number, reporter = at or self.now(), str(next(self._issue_numbers)), self.person(by)
        place = self.projects[self.project_id(project)]
        place["count"] += 1
        key = f"{place['key']}-{place['count']}"
        row = {"id": number, "key": key, "project": place["id"], "created": at, "updated": at, "status_since": at, "deleted": False,
               "properties": {}, "comments": [], "histories": [], "links": [],
               "fields": self._blank(reporter, place["id"], at)}  # fmt: skip
        self.issues[number], self.keys[key] = row, number
        given = fields.pop("custom_fields", {}) | fields
        row["fields"] |= {"summary": summary, "description": text, "creator": self.person(creator or by)}
        row["fields"] |= self._asked(place["id"], request_type, reporter) | self.named_values(given)
        self._settle(row, Change("created", row["fields"]["creator"], at), 0)
        return number

    def say(self, issue: str, by: str, text: str, *, public: bool = True, at: datetime | None = None) -> str:
        """A comment, its id; a customer's comment opens again what waited for the customer or was resolved."""
        row, author = self.issue(issue), self.person(by)
        said = self.comment(row, author, text, public=public, at=at)
        waits = self.statuses[row["fields"]["status"]]["name"] in ("Waiting for customer", "Resolved")
        if waits and self.users[author]["kind"] == "customer":
            status = {"status": self.status_id("Waiting for support")}
            self.edit(row, self.robot, status, at, kind="transitioned")
        return str(said["id"])

    def unsay(self, issue: str, comment: str, *, at: datetime | None = None) -> None:
        """A comment is deleted: no trace of it is left."""
        row = self.issue(issue)
        row["comments"] = [each for each in row["comments"] if each["id"] != comment]
        self.keep(row, at or self.now())

    def change(
        self, issue: str, by: str, fields: Row | None = None, *, at: datetime | None = None, **columns: Any
    ) -> Row | None:
        """What somebody does in the agent view; fields by name: ``change(n, ALICE, assignee=BOB, labels=["vip"])``."""
        given = self.named_values({**(fields or {}), **columns})
        kind = "transitioned" if "status" in given else "edited"
        return self.edit(self.issue(issue), self.person(by), given, at, kind=kind)

    def transition(self, issue: str, by: str, status: str, *, at: datetime | None = None, **fields: Any) -> Row | None:
        """Somebody moves an issue to a status, whether or not the workflow has a way there for us."""
        return self.change(issue, by, {"status": status, **fields}, at=at)

    def rate(self, issue: str, stars: int | None, comment: str = "", *, at: datetime | None = None) -> None:
        """The customer's answer to the question how it was, 1 to 5; ``None`` takes it back."""
        row, at = self.issue(issue), at or self.now()
        feedback = None if stars is None else {"rating": stars, "comment": comment}
        new = {"feedback": feedback, "feedback_date": None if stars is None else at}
        values = {field: value for kind, value in new.items() if (field := self.of_kind(kind))}
        self.edit(row, row["fields"]["reporter"], values, at)

    def feel(self, issue: str, *sentiments: str, at: datetime | None = None) -> None:
        """What Jira makes of how the customer feels (Cloud only): ``Negative``, ``Neutral``, ``Positive``."""
        field = self.field_id("Sentiment")
        row = self.issue(issue)
        row["fields"][field] = list(sentiments)
        self.keep(row, at or self.now())

    def link(
        self, issue: str, to: str, by: str = ALICE, kind: str = "Duplicate", *, at: datetime | None = None
    ) -> None:
        """Links two issues: the first one duplicates (blocks, relates to) the other."""
        one, other, at = self.issue(issue), self.issue(to), at or self.now()
        number = str(next(self._history_numbers))
        for row, beside, way in ((one, other, "outward"), (other, one, "inward")):
            row["links"] = [*row["links"], {"id": number, "kind": kind, "way": way, "issue": beside["id"]}]
            said = f"This issue {LINKS[kind][way]} {beside['key']}"
            item = {"field": "Link", "fieldtype": "jira", "fieldId": "issuelinks", "from": None, "fromString": None,
                    "to": beside["key"], "toString": said}  # fmt: skip
            self.log(row, self.person(by), [item], at)
            self.keep(row, at)

    def merge(self, issue: str, into: str, by: str = ALICE, *, at: datetime | None = None) -> None:
        """What people do for want of merging: link as duplicate, say so, and resolve as such."""
        self.link(issue, into, by, at=at)
        self.say(issue, by, f"We go on in {self.issue(into)['key']}.", at=at)
        self.transition(issue, by, "Resolved", at=at, resolution="Duplicate")

    def move(self, issue: str, project: str, by: str = ALICE, *, at: datetime | None = None) -> str:
        """Moves an issue to another project: it gets a new key, and answers to the old one, too."""
        row, at, place = self.issue(issue), at or self.now(), self.projects[self.project_id(project)]
        place["count"] += 1
        old, new = row["key"], f"{place['key']}-{place['count']}"
        source = self.projects[row["project"]]
        items = [
            {"field": name, "fieldtype": "jira", "fieldId": field, "from": was, "fromString": before, "to": now, "toString": after}
            for name, field, was, before, now, after in (
                ("project", "project", source["id"], source["name"], place["id"], place["name"]),
                ("Key", "issuekey", None, old, None, new),
            )
        ]  # fmt: skip
        row |= {"key": new, "project": place["id"]}
        self.keys[new] = row["id"]
        self.log(row, self.person(by), items, at)
        self.keep(row, at)
        return new

    def delete(self, issue: str, *, at: datetime | None = None) -> None:
        """No trace is left: the issue is a 404 from now on, and in the index only as long as that lags behind."""
        row = self.issue(issue)
        row["deleted"] = True
        self.keep(row, at or self.now())

    def touch(self, issue: str, *, at: datetime | None = None) -> None:
        """What an SLA timer does every so often: ``updated`` moves on, and nothing else does."""
        self.keep(self.issue(issue), at or self.now())

    def ask_approval(
        self, issue: str, name: str, approvers: Iterable[str], decision: str = "pending", *, at: datetime | None = None
    ) -> None:
        """An approval: ``pending``, ``approved`` or ``declined``."""
        row, field, at = self.issue(issue), self.field_id("Approvals"), at or self.now()
        row["fields"][field] = [*(row["fields"].get(field) or []), {
            "id": str(next(self._history_numbers)), "name": name, "decision": decision, "created": at,
            "approvers": [self.person(who) for who in approvers]}]  # fmt: skip
        self.keep(row, at)

    # ---- what acts by itself

    def add_rule(
        self, name: str, when: Callable[[Row, Change], bool], then: Row, *, actor: str = "", active: bool = True
    ) -> Rule:
        """A native automation rule: it fires on ours and everybody's changes and acts as "Automation for Jira" or as ``actor``."""
        rule = Rule(name, when, then, self.person(actor) if actor else self.robot, active)
        self.rules.append(rule)
        return rule

    def add_sla(
        self, name: str = RESOLUTION, minutes: float = 240, when: Callable[[Row], bool] | None = None, *,
        rests: Iterable[str] = ("Waiting for customer", "Pending"),
    ) -> str:  # fmt: skip
        """A goal for issues from now on: the first response ends one clock, what is done the others; its field's id."""
        known = any(row["name"] == name for row in self.fields.values())
        field = self.field_id(name) if known else self.add_field(name, "sla")
        resting = () if name == FIRST else rests
        self.sla.add(field, minutes, when, frozenset(self.status_id(each) for each in resting))
        return field

    def force_sla(self, issue: str, value: Row | None, name: str = RESOLUTION) -> None:
        """From now on an SLA field of an issue holds exactly this."""
        self.sla.forced[self.issue(issue)["id"], self.field_id(name)] = value

    # ---- how an issue begins

    def _blank(self, reporter: str, project: str, at: datetime) -> Row:
        return {
            "reporter": reporter, "creator": reporter, "assignee": None, "priority": "3", "issuetype": "10001", "labels": [],
            "status": self.status_id("Waiting for support"), "resolution": None, "resolutiondate": None, "duedate": None,
            "parent": None, "project": project, "created": at,
        }  # fmt: skip

    def _asked(self, project: str, request_type: str | None, reporter: str) -> Row:
        """What a request has that a plain issue has not."""
        field, organizations = self.of_kind("request_type"), self.of_kind("organizations")
        own = [number for number, row in self.request_types.items() if row["project"] == project]
        if field is None or request_type is None or not (request_type or own):
            return {}
        number = kept(self, field, request_type) if request_type else own[0]
        found = {field: number, "issuetype": self.request_types[number]["type"]}
        return found | ({organizations: self.organizations_of(reporter)} if organizations else {})


LINKS = {
    "Duplicate": {"name": "Duplicate", "outward": "duplicates", "inward": "is duplicated by"},
    "Blocks": {"name": "Blocks", "outward": "blocks", "inward": "is blocked by"},
    "Relates": {"name": "Relates", "outward": "relates to", "inward": "relates to"},
}
