"""The words of a Jira site: fields, statuses, transitions, priorities, issue types, request types; no issues, no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_jira_people import JiraPeople, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from fake_jira_people import Row

CATEGORIES: dict[str, Row] = {
    "undefined": {"id": 1, "key": "undefined", "colorName": "medium-gray", "name": "No Category"},
    "new": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
    "indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
}
PLUGIN, DESK = "com.atlassian.jira.plugin.system.customfieldtypes:", "com.atlassian.servicedesk:"
KINDS: dict[str, tuple[str, str | None, str]] = {
    "text": ("string", None, PLUGIN + "textfield"),
    "textarea": ("string", None, PLUGIN + "textarea"),
    "number": ("number", None, PLUGIN + "float"),
    "select": ("option", None, PLUGIN + "select"),
    "multiselect": ("array", "option", PLUGIN + "multiselect"),
    "checkboxes": ("array", "option", PLUGIN + "multicheckboxes"),
    "date": ("date", None, PLUGIN + "datepicker"),
    "datetime": ("datetime", None, PLUGIN + "datetime"),
    "user": ("user", None, PLUGIN + "userpicker"),
    "users": ("array", "user", PLUGIN + "multiuserpicker"),
    "group": ("group", None, PLUGIN + "grouppicker"),
    "labels": ("array", "string", PLUGIN + "labels"),
    "sla": ("sd-servicelevelagreement", None, DESK + "sd-sla-field"),
    "request_type": ("sd-customerrequesttype", None, DESK + "vp-origin"),
    "organizations": ("array", "sd-customerorganization", DESK + "sd-customer-organizations"),
    "participants": ("array", "user", DESK + "sd-request-participants"),
    "feedback": ("sd-feedback", None, DESK + "sd-request-feedback"),
    "feedback_date": ("datetime", None, DESK + "sd-request-feedback-date"),
    "sentiment": ("array", "sd-sentiment", "com.atlassian.servicedesk.sentiment:sd-sentiment"),
    "language": (
        "sd-request-lang",
        None,
        "com.atlassian.servicedesk.servicedesk-lingo-integration-plugin:sd-request-language",
    ),
    "approvals": ("sd-approvals", None, "com.atlassian.servicedesk.approvals-plugin:sd-approvals"),
}
"""How a field of each kind is told: its type, what it is a list of, and the name that no language changes."""
SYSTEM: dict[str, tuple[str, str, str | None]] = {
    "summary": ("Summary", "string", None), "description": ("Description", "string", None), "status": ("Status", "status", None),
    "priority": ("Priority", "priority", None), "issuetype": ("Issue Type", "issuetype", None),
    "project": ("Project", "project", None), "assignee": ("Assignee", "user", None), "reporter": ("Reporter", "user", None),
    "creator": ("Creator", "user", None), "labels": ("Labels", "array", "string"), "created": ("Created", "datetime", None),
    "updated": ("Updated", "datetime", None), "resolution": ("Resolution", "resolution", None),
    "resolutiondate": ("Resolved", "datetime", None), "duedate": ("Due date", "date", None),
    "comment": ("Comment", "comments-page", None), "issuelinks": ("Linked Issues", "array", "issuelinks"),
    "parent": ("Parent", "issuelink", None), "subtasks": ("Sub-tasks", "array", "issuelinks"),
    "statusCategory": ("Status Category", "statusCategory", None),
}  # fmt: skip
STOCK_FIELDS = (
    ("Request Type", "request_type"), ("Organizations", "organizations"), ("Request participants", "participants"),
    ("Satisfaction", "feedback"), ("Satisfaction date", "feedback_date"), ("Approvals", "approvals"),
    ("Request language", "language"),
    ("Time to first response", "sla"), ("Time to resolution", "sla"), ("Recovery", "text"), ("Seats", "number"),
    ("Support group", "group"), ("Follow up by", "date"), ("Story", "textarea"),
)  # fmt: skip
KOREAN = {
    "Summary": "요약", "Description": "설명", "Status": "상태", "Priority": "우선 순위", "Assignee": "담당자", "Reporter": "보고자",
    "Labels": "레이블", "Created": "만듦", "Updated": "업데이트됨", "Resolution": "해결책", "Project": "프로젝트", "Comment": "댓글",
    "Request Type": "고객 요청 유형", "Organizations": "기관", "Request participants": "관계자 요청", "Satisfaction": "만족",
    "Satisfaction date": "만족률", "Sentiment": "감정", "Time to first response": "최초 응답 시간",
    "Time to resolution": "해결시간", "Approvals": "승인", "To Do": "할 일", "In Progress": "진행 중", "Done": "완료",
}  # fmt: skip
STOCK_STATUSES = (
    ("Open", "new"), ("Waiting for support", "indeterminate"), ("In progress", "indeterminate"),
    ("Waiting for customer", "indeterminate"), ("Pending", "indeterminate"), ("Resolved", "done"), ("Closed", "done"),
)  # fmt: skip
STOCK_TRANSITIONS = {
    "Waiting for support": "Respond to support", "In progress": "Start work", "Waiting for customer": "Respond to customer",
    "Pending": "Put on hold", "Resolved": "Resolve this issue", "Closed": "Close", "Open": "Back to the start",
}  # fmt: skip


@dataclass
class Transition:
    """A way to a status: from ``sources`` (nothing: from all others), with a screen of ``fields`` of which some are required."""

    id: str
    name: str
    to: str
    sources: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    active: bool = True


class JiraWords(JiraPeople):
    """The site with its words. Ids are text, as Jira has them; the language changes names, never ids and schemas."""

    def __init__(self, now: Callable[[], datetime] = utc_now, *, cloud: bool = True) -> None:
        super().__init__(now, cloud=cloud)
        self.language = "en"
        self.fields: dict[str, Row] = {}
        self.statuses: dict[str, Row] = {}
        self.transitions: dict[str, Transition] = {}
        self.request_types: dict[str, Row] = {}
        names = ("Highest", "High", "Medium", "Low", "Lowest")
        self.priorities = {str(n): {"id": str(n), "name": name} for n, name in enumerate(names, 1)}
        self.resolutions = {str(10_000 + n): name for n, name in enumerate(("Done", "Won't Do", "Duplicate"))}
        self.types = {"10001": "[System] Service request", "10002": "[System] Incident", "10003": "Sub-task"}
        self.hidden_fields: set[str] = set()
        self._stock_words()

    def _stock_words(self) -> None:
        for title, kind in STOCK_FIELDS:
            self.add_field(title, kind)
        self.add_field("Category", "select", options=("Refund", "Question"))
        if self.cloud:
            self.add_field("Sentiment", "sentiment")
        for name, category in STOCK_STATUSES:
            self.add_status(name, category)
        for to, name in STOCK_TRANSITIONS.items():
            screen = ("resolution",) if to == "Resolved" else ()
            self.add_transition(name, to, fields=screen)
        for name, project in (("Get help", "SUP"), ("Report a problem", "SUP"), ("Ask about a bill", "BIL")):
            self.add_request_type(name, project)

    # ---- what is added

    def add_field(self, title: str, kind: str = "text", options: Iterable[str] = ()) -> str:
        """A custom field of one of the ``KINDS``; its id."""
        number = 10_050 + len(self.fields)
        self.fields[f"customfield_{number}"] = {
            "id": f"customfield_{number}", "number": number, "name": title, "kind": kind,
            "options": {str(number * 10 + place): value for place, value in enumerate(options)},
        }  # fmt: skip
        return f"customfield_{number}"

    def add_status(self, name: str, category: str = "indeterminate") -> str:
        number = str(10_000 + len(self.statuses))
        self.statuses[number] = {"id": number, "name": name, "category": category}
        return number

    def add_transition(
        self, name: str, to: str, *, sources: Iterable[str] = (), fields: Iterable[str] = (), required: Iterable[str] = ()
    ) -> str:  # fmt: skip
        """A way to a status, both by name; fields of its screen are named by title or id."""
        number = str(11 + 10 * len(self.transitions))
        screen = [self.field_id(each) for each in (*fields, *required)]
        needed = tuple(self.field_id(each) for each in required)
        origins = tuple(self.status_id(each) for each in sources)
        found = Transition(number, name, self.status_id(to), origins, tuple(dict.fromkeys(screen)), needed)
        self.transitions[number] = found
        return number

    def hide_transition(self, to: str) -> None:
        """From now on there is no way to a status."""
        for each in self.transitions.values():
            each.active = each.active and each.to != self.status_id(to)

    def add_request_type(self, name: str, project: str = "SUP", issue_type: str = "10001") -> str:
        number = str(len(self.request_types) + 1)
        row = {"id": number, "name": name, "project": self.project_id(project), "type": issue_type}
        self.request_types[number] = row
        return number

    # ---- what everybody asks

    def named(self, name: str) -> str:
        """A name in the language of the account that asks."""
        return KOREAN.get(name, name) if self.language == "ko" else name

    def field_id(self, title: str) -> str:
        """The id of a field given by its English title, or by its id."""
        if title in self.fields or title in SYSTEM:
            return title
        return next(number for number, row in self.fields.items() if row["name"] == title)

    def kind(self, field: str) -> str:
        """Which sort of value a field holds; a system field is its own kind."""
        return str(self.fields[field]["kind"]) if field in self.fields else field

    def of_kind(self, kind: str) -> str | None:
        """The first custom field of a kind."""
        return next((number for number, row in self.fields.items() if row["kind"] == kind), None)

    def status_id(self, name: str) -> str:
        return next(number for number, row in self.statuses.items() if name in (number, row["name"]))

    def request_type_id(self, name: str) -> str:
        return next(number for number, row in self.request_types.items() if name in (number, row["name"]))

    def category(self, status: str) -> str:
        return str(self.statuses[status]["category"])

    def ways(self, status: str) -> list[Transition]:
        """The transitions out of a status."""
        every = [each for each in self.transitions.values() if each.active and each.to != status]
        return [each for each in every if not each.sources or status in each.sources]

    def schema(self, field: str) -> Row:
        """How ``GET field`` tells what a field holds."""
        if field in SYSTEM:
            _, kind, items = SYSTEM[field]
            return {"type": kind, "system": field, **({"items": items} if items else {})}
        kind, items, custom = KINDS[self.fields[field]["kind"]]
        number = self.fields[field]["number"]
        return {"type": kind, **({"items": items} if items else {}), "custom": custom, "customId": number}

    def title(self, field: str) -> str:
        """The name of a field in the language of the site."""
        return self.named(SYSTEM[field][0] if field in SYSTEM else str(self.fields[field]["name"]))

    def known_fields(self) -> list[str]:
        """The ids of all fields that can be seen."""
        hidden = self.hidden_fields if self.cloud else {*self.hidden_fields, "statusCategory"}
        return [each for each in (*SYSTEM, *self.fields) if each not in hidden]

    def option(self, field: str, value: Any) -> str | None:
        """The id of an option given by id or value."""
        options: dict[str, str] = self.fields[field]["options"]
        return next((number for number, name in options.items() if value in (number, name)), None)
