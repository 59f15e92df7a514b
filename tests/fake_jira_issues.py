"""How a Jira keeps issues: one change is one entry of the changelog; what native automation adds; what the index has seen."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fake_jira_people import utc_now
from fake_jira_sla import SlaClocks
from fake_jira_values import kept, told
from fake_jira_words import JiraWords

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fake_jira_people import Row

LOOPS = 10


@dataclass
class Change:
    """Something that happened to an issue, as automation rules see it."""

    kind: str  # created, edited, transitioned, commented
    author: str
    at: datetime
    items: list[Row] = field(default_factory=list)
    comment: Row | None = None

    @property
    def fields(self) -> set[str]:
        return {item["fieldId"] for item in self.items}


@dataclass
class Rule:
    """A native automation rule; ``then`` are new values by field, with ``comment`` for an internal and ``reply`` for a public one."""

    name: str
    when: Callable[[Row, Change], bool]
    then: Row
    actor: str
    active: bool = True


class JiraIssues(JiraWords):
    """The site with issues, before anybody has hands to work on them. Issues are named by id or by any key they ever had."""

    def __init__(self, now: Callable[[], datetime] = utc_now, *, cloud: bool = True) -> None:
        self.url = ""
        self.issues: dict[str, Row] = {}
        self.keys: dict[str, str] = {}
        self.seen: dict[str, list[tuple[datetime, Row | None]]] = {}
        self.rules: list[Rule] = []
        self.rule_runs: list[tuple[str, str]] = []
        self.loops: list[str] = []
        self.mails: list[tuple[str, str]] = []
        self.properties_touch = False
        self.strict_keys = not cloud
        self.cut_to_minutes = False
        self.csat_shape = "object"
        self.sla = SlaClocks(self)
        self._issue_numbers, self._history_numbers = itertools.count(10_001), itertools.count(20_001)
        self._comment_numbers = itertools.count(30_001)
        super().__init__(now, cloud=cloud)

    # ---- finding

    def find(self, name: str) -> Row | None:
        """An issue that is there, by id or by any key it ever had."""
        row = self.issues.get(self.keys.get(name.upper(), name))
        return None if row is None or row["deleted"] else row

    def issue(self, name: str) -> Row:
        row = self.find(str(name))
        if row is None:
            raise KeyError(f"there is no issue {name}")
        return row

    def visible(self, row: Row | None, who: str | None) -> bool:
        """Whether somebody can see an issue: it is there, and they may browse its project."""
        return row is not None and not row["deleted"] and self.may(who, "BROWSE_PROJECTS", row["project"])

    def indexed(self, row: Row, lag: float) -> Row | None:
        """The issue as the search index knows it, ``lag`` seconds behind."""
        until = self.now().timestamp() - lag
        found = (then for at, then in reversed(self.seen[row["id"]]) if at.timestamp() <= until)
        return next(found, None)

    # ---- changing

    def edit(
        self, row: Row, author: str, new: Row, at: datetime | None = None, *, kind: str = "edited", depth: int = 0,
        quiet: bool = False,
    ) -> Row | None:  # fmt: skip
        """Puts new values into an issue; one entry of the changelog, or nothing if nothing is different."""
        at, items = at or self.now(), []
        if "status" in new and "resolution" not in new:
            new = new | self._resolved(row, new["status"])
        for name, value in new.items():
            if row["fields"].get(name) not in (value, None if value == [] else value):
                items.append(self._item(name, row["fields"].get(name), value))
                row["fields"][name] = value
        if not items:
            return None
        self._after_status(row, items, at)
        history = self.log(row, author, items, at)
        self._mail(row, "edited", quiet=quiet)
        self._settle(row, Change(kind, author, at, items), depth)
        return history

    def comment(
        self, row: Row, author: str, text: str, *, public: bool, at: datetime | None = None, depth: int = 0,
        by_property: bool = False,
    ) -> Row:  # fmt: skip
        """Something is said; the customer gets a mail for what is public."""
        at = at or self.now()
        said = {"id": str(next(self._comment_numbers)), "author": author, "text": text, "public": public, "created": at,
                "updated": at, "properties": {"sd.public.comment": {"internal": not public}} if by_property else {}}  # fmt: skip
        row["comments"] = [*row["comments"], said]
        if public and author != row["fields"]["reporter"]:
            self.mails.append((row["id"], "customer"))
        self._settle(row, Change("commented", author, at, comment=said), depth)
        return said

    def log(self, row: Row, author: str, items: list[Row], at: datetime) -> Row:
        """Writes an entry of the changelog."""
        history = {"id": str(next(self._history_numbers)), "author": author, "created": at, "items": items}
        row["histories"] = [*row["histories"], history]
        return history

    def keep(self, row: Row, at: datetime, *, moves: bool = True) -> None:
        """The change is done: ``updated`` moves on (mostly), and the index gets to know in its own time."""
        row["updated"] = max(row["updated"], at) if moves else row["updated"]
        copy = {**row, "fields": dict(row["fields"]), "properties": dict(row["properties"])}
        self.seen.setdefault(row["id"], []).append((at, None if row["deleted"] else copy))

    def set_property(self, row: Row, key: str, value: Any) -> None:
        """Issue properties leave ``updated`` alone unless ``properties_touch``; the index sees them all the same."""
        row["properties"] = {**row["properties"], key: value}
        self.keep(row, self.now(), moves=self.properties_touch)

    def named_values(self, fields: Row) -> Row:
        """Values by field id, from names as tests say them."""
        found = {self.field_id(name): value for name, value in fields.items()}
        return {name: kept(self, name, value) for name, value in found.items()}

    # ---- what belongs to a change

    def _settle(self, row: Row, change: Change, depth: int) -> None:
        self.sla.after(row, change)
        self.keep(row, change.at)
        self._automate(row, change, depth)

    def _resolved(self, row: Row, status: str) -> Row:
        """What a workflow does by itself: what is done has a resolution, what is not has none."""
        if self.category(status) != "done":
            return {"resolution": None}
        return {} if row["fields"].get("resolution") else {"resolution": next(iter(self.resolutions))}

    def _after_status(self, row: Row, items: list[Row], at: datetime) -> None:
        if any(item["fieldId"] == "status" for item in items):
            row["status_since"] = at
        if any(item["fieldId"] == "resolution" for item in items):
            row["fields"]["resolutiondate"] = at if row["fields"]["resolution"] else None

    def _item(self, name: str, before: Any, value: Any) -> Row:
        """One line of a changelog entry; the name of a custom field is the one everybody sees."""
        custom = name in self.fields
        was, now = told(self, name, before), told(self, name, value)
        return {
            "field": self.title(name) if custom else name, "fieldtype": "custom" if custom else "jira", "fieldId": name,
            "from": was[0], "fromString": was[1], "to": now[0], "toString": now[1],
        }  # fmt: skip

    def _mail(self, row: Row, why: str, *, quiet: bool) -> None:
        if not quiet:
            self.mails.append((row["id"], why))

    def _automate(self, row: Row, change: Change, depth: int) -> None:
        """Runs the native rules, on changes by other rules, too, until the loop limit stops them."""
        for rule in [each for each in self.rules if each.active]:
            if not rule.when(row, change):
                continue
            if depth >= LOOPS:
                self.loops.append(rule.name)
                return
            self.rule_runs.append((rule.name, row["id"]))
            self._run(rule, row, change.at, depth + 1)

    def _run(self, rule: Rule, row: Row, at: datetime, depth: int) -> None:
        fields = {name: value for name, value in rule.then.items() if name not in ("comment", "reply")}
        if fields:
            kind = "transitioned" if "status" in fields else "edited"
            self.edit(row, rule.actor, self.named_values(fields), at, kind=kind, depth=depth)
        for name in ("comment", "reply"):
            if name in rule.then:
                self.comment(row, rule.actor, rule.then[name], public=name == "reply", at=at, depth=depth)
