"""The part of JQL that connectors need: comparisons, lists, AND, OR, NOT, brackets, ORDER BY; times in the account's zone."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from fake_jira_words import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_jira_issues import JiraIssues
    from fake_jira_people import Row

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[()\,]|!=|>=|<=|!~|[=><~]|[^\s(),=!<>~"\']+)')
TIMES = ("updated", "created", "resolutiondate")
ALIASES = {"issuekey": "key", "issue": "key", "resolved": "resolutiondate", "type": "issuetype", "updateddate": "updated",
           "createddate": "created"}  # fmt: skip
MOST_ORDERS = 7


class Query(NamedTuple):
    """What was asked: a test, the order as pairs of field and direction, and whether there was any restriction."""

    test: Callable[[Row], bool]
    order: list[tuple[str, bool]]
    bounded: bool


class Wrong(Exception):
    """JQL that Jira does not understand, in its words."""


def parse(site: JiraIssues, text: str, user: str | None) -> Query:
    """Reads a query; raises :class:`Wrong`."""
    reader = _Reader(site, text, user)
    test = reader.any_of() if not reader.at("order") and reader.left else None
    order = reader.order()
    if reader.left:
        raise Wrong(f"Error in the JQL Query: Expecting operator but got '{reader.left[0]}'.")
    if len(order) > MOST_ORDERS:
        raise Wrong(f"The maximum number of fields to sort by is {MOST_ORDERS}.")
    return Query(test or (lambda _: True), order, test is not None)


class _Reader:
    def __init__(self, site: JiraIssues, text: str, user: str | None) -> None:
        self.site, self.user = site, user
        self.left = TOKEN.findall(text)
        if strange := TOKEN.sub("", text).strip():
            raise Wrong(f"Error in the JQL Query: The character '{strange[0]}' is a reserved JQL character.")

    def at(self, *words: str) -> bool:
        return bool(self.left) and self.left[0].lower() in words

    def take(self) -> str:
        if not self.left:
            raise Wrong(
                "Error in the JQL Query: Expecting either a value, list or function before the end of the query."
            )
        return str(self.left.pop(0))

    def any_of(self) -> Callable[[Row], bool]:
        parts = [self.all_of()]
        while self.at("or"):
            self.take()
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def all_of(self) -> Callable[[Row], bool]:
        parts = [self.one()]
        while self.at("and"):
            self.take()
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def one(self) -> Callable[[Row], bool]:
        if self.at("not"):
            self.take()
            inner = self.one()
            return lambda row: not inner(row)
        if self.at("("):
            self.take()
            inner = self.any_of()
            if self.take() != ")":
                raise Wrong("Error in the JQL Query: Expecting ')'.")
            return inner
        return self.clause()

    def clause(self) -> Callable[[Row], bool]:
        name = _bare(self.take()).lower()
        field = ALIASES.get(name, name)
        operator = self.take().lower()
        if operator in ("not", "is") and self.at("in", "not"):
            operator += " " + self.take().lower()
        values = self.values()
        if field in TIMES:
            return self.time_test(field, operator, values)
        return self.value_test(field, operator, values)

    def values(self) -> list[str]:
        if not self.at("("):
            one = self.take()
            if self.at("("):
                one += self.take() + self.take()
            return [one]
        self.take()
        found: list[str] = []
        while not self.at(")"):
            if not self.at(","):
                found.append(self.left[0])
            self.take()
        self.take()
        return found

    def order(self) -> list[tuple[str, bool]]:
        found: list[tuple[str, bool]] = []
        if not self.at("order"):
            return found
        self.take(), self.take()
        while self.left:
            name = _bare(self.take()).lower()
            down = self.at("desc")
            if self.at("asc", "desc"):
                self.take()
            found.append((ALIASES.get(name, name), down))
            if self.at(","):
                self.take()
            else:
                break
        return found

    def time_test(self, field: str, operator: str, values: list[str]) -> Callable[[Row], bool]:
        bound = moment(self.site, values[0])
        tests: dict[str, Callable[[datetime], bool]] = {
            ">=": lambda at: at >= bound, ">": lambda at: at > bound, "<": lambda at: at < bound, "<=": lambda at: at <= bound,
            "=": lambda at: at == bound, "!=": lambda at: at != bound,
        }  # fmt: skip
        if operator not in tests:
            raise Wrong(f"The operator '{operator}' is not supported by the '{field}' field.")
        return lambda row: (at := _time(row, field)) is not None and tests[operator](at)

    def value_test(self, field: str, operator: str, values: list[str]) -> Callable[[Row], bool]:
        if field not in HELD:
            raise Wrong(f"Field '{field}' does not exist or you do not have permission to view it.")
        wanted = [self.user if value.lower() == "currentuser()" else _bare(value) for value in values]
        held = functools.partial(HELD[field], self.site)
        if operator in ("is", "is not"):
            return lambda row: (not held(row)) == (operator == "is")
        self.exists(field, [value or "" for value in wanted])
        names = {str(value).lower() for value in wanted}
        if operator in ("~", "!~"):
            return lambda row: (
                any(str(each).lower().find(n.strip("*")) >= 0 for each in held(row) for n in names) == (operator == "~")
            )
        if operator in ("=", "in"):
            return lambda row: any(str(each).lower() in names for each in held(row))
        if operator in ("!=", "not in"):
            return lambda row: bool(held(row)) and not any(str(each).lower() in names for each in held(row))
        raise Wrong(f"The operator '{operator}' is not supported by the '{field}' field.")

    def exists(self, field: str, wanted: list[str]) -> None:
        """Data Center refuses what is not there; Cloud passes over issues, but knows the projects we may see and its categories."""
        seen = [row for n, row in self.site.projects.items() if self.site.may(self.user, "BROWSE_PROJECTS", n)]
        projects = {n.lower() for row in seen for n in (row["key"], row["name"], row["id"])}
        categories = {n.lower() for row in CATEGORIES.values() for n in (row["key"], row["name"], str(row["id"]))}
        known = {"project": projects, "statuscategory": categories}.get(field)
        for value in wanted:
            missing = known is not None and value.lower() not in known
            if field in ("key", "id") and self.site.strict_keys:
                missing = not self.site.visible(self.site.find(value), self.user)
            if missing:
                raise Wrong(f"The value '{value}' does not exist for the field '{field}'.")


def _bare(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token[:1] in "\"'" and len(token) > 1 else token


def _time(row: Row, field: str) -> datetime | None:
    found = row[field] if field in ("updated", "created") else row["fields"].get(field)
    return found if isinstance(found, datetime) else None


def moment(site: JiraIssues, said: str) -> datetime:
    """A time: bare milliseconds are absolute; what is quoted is read in the account's zone, to the minute; ``-10m`` is relative."""
    text = _bare(said)
    if said.isdigit():
        number = int(said) // 60_000 * 60_000 if site.cut_to_minutes else int(said)
        return datetime.fromtimestamp(number / 1000, UTC)
    if found := re.fullmatch(r"([-+]?)(\d+)([mhdw])", text):
        sign, number, unit = (
            found[1],
            int(found[2]),
            {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[found[3]],
        )
        return site.now() + (-1 if sign == "-" else 1) * timedelta(**{unit: number})
    for form in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=ZoneInfo(site.zone))
        except ValueError:
            continue
    about = "Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', or a period format e.g. '-5d', '4w 2d'."
    raise Wrong(f"Date value '{text}' for field 'updated' is invalid. {about}")


def _project(site: JiraIssues, row: Row) -> list[str]:
    found = site.projects[row["project"]]
    return [found["id"], found["key"], found["name"]]


def _category(site: JiraIssues, row: Row) -> list[str]:
    found = CATEGORIES[site.category(row["fields"]["status"])]
    return [found["key"], found["name"], str(found["id"])]


def _named(field: str) -> Callable[[JiraIssues, Row], list[str]]:
    def held(site: JiraIssues, row: Row) -> list[str]:
        number = row["fields"].get(field)
        rows: Row = {
            "priority": site.priorities,
            "status": site.statuses,
            "resolution": site.resolutions,
            "issuetype": site.types,
        }
        found = rows[field].get(number)
        return [] if found is None else [number, found["name"] if isinstance(found, dict) else found]

    return held


def _keys(site: JiraIssues, row: Row) -> list[str]:
    return [row["id"], *(key for key, number in site.keys.items() if number == row["id"])]


HELD: dict[str, Callable[[JiraIssues, Row], list[Any]]] = {
    "project": _project, "statuscategory": _category, "status": _named("status"), "priority": _named("priority"),
    "resolution": _named("resolution"), "issuetype": _named("issuetype"), "key": _keys, "id": _keys,
    "labels": lambda _, row: row["fields"]["labels"], "summary": lambda _, row: [row["fields"]["summary"]],
    "assignee": lambda _, row: [each for each in (row["fields"]["assignee"],) if each],
    "reporter": lambda _, row: [row["fields"]["reporter"]],
}  # fmt: skip


def whole(order: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """An order in which no two rows are alike."""
    return [*order, ("id", False)] if order else [("created", True), ("id", True)]


def mark(site: JiraIssues, row: Row, order: list[tuple[str, bool]]) -> list[Any]:
    """Where a row stands in an order."""
    return [_rank(site, row, name) for name, _ in whole(order)]


def ordered(site: JiraIssues, rows: list[Row], order: list[tuple[str, bool]]) -> list[Row]:
    """Rows as asked for; what is alike goes by id."""
    for name, down in reversed(whole(order)):
        rows = sorted(rows, key=lambda row, name=name: _rank(site, row, name), reverse=down)  # type: ignore[misc]
    return rows


def behind(place: list[Any], last: list[Any], order: list[tuple[str, bool]]) -> bool:
    """Whether a place comes after another one."""
    for one, other, (_, down) in zip(place, last, whole(order), strict=True):
        if one != other:
            return bool(one < other) if down else bool(one > other)
    return False


def _rank(site: JiraIssues, row: Row, name: str) -> Any:
    if name in TIMES:
        return (_time(row, name) or datetime.max.replace(tzinfo=UTC)).timestamp()
    if name in ("id", "key"):
        return int(row["id"])
    if name not in HELD:
        raise Wrong(f"Field '{name}' does not exist or you do not have permission to view it.")
    return [str(each) for each in HELD[name](site, row)]
