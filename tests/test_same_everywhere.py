"""One rule file, the same tickets, four kinds of helpdesk: what is decided is the same, word for word."""

from __future__ import annotations

import re
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest
from fake_cli import answer, call
from fake_jira import FakeJira
from fake_jira_client import settings as jira_settings
from fake_rt import FakeRT
from fake_zendesk import FakeZendesk
from fake_zendesk_client import settings as zendesk_settings

from makegood.connectors.local import Local
from makegood.connectors.ticket import FieldSpec, Person, called

if TYPE_CHECKING:
    from collections.abc import Callable

ALICE, BOB, ANA = "alice@acme.example", "bob@acme.example", "ana@customer.example"

SECRET = "hush-0815-hush"

RULES = """\
version: 1
rules:
  - name: Everybody gets somebody
    when: {status: [new, open], assignee: missing, group: Support}
    assign: {to: alice@acme.example}
    add_tags: [given]
    note: "{subject} of {requester.name} is yours."
  - name: Bad ratings are looked at
    when: {csat: bad}
    set: {priority: high}
    note: "Rated {csat}: {csat_comment}"
  - name: No answer for two days
    when: {status: [new, open], first_reply: missing, created: {older_than: 2 days}}
    set: {priority: urgent}
  - name: Talked a lot
    when: {agent_replies: {at_least: 2}}
    add_tags: [talked]
  - name: Customers wait
    when: {status: [new, open], unanswered_since: {older_than: 1 day}, last_message_by: customer}
    note: Somebody waits.
  - name: Broken promises
    when: {promise: broken}
    add_tags: [promised]
  - name: Opened again
    when: {reopens: {at_least: 1}, status: open}
    set: {priority: high}
    add_tags: [again]
  - name: Important ones
    when: {tags: vip, priority: [low, normal]}
    set: {priority: high}
    remove_tags: [vip]
  - name: Words of theirs
    when: {customer_messages: {contains: refund}}
    set: {field.Recovery: refund}
  - name: Bob's are left to him
    when: {assignee: bob@acme.example, status: pending, status_changed: {older_than: 1 day}}
    set: {status: solved}
  - name: Once Alice's
    when: {previous_assignee: alice@acme.example, handoffs: {at_least: 1}}
    add_tags: [moved]
  - name: Ana is won back
    when: {any: {csat: bad, promise: broken, reopens: {at_least: 1}}}
    backlog: include
    recover: {cause: let-down, first_contact: 4 days, steps: [Say sorry]}
  - name: Closed by us
    when: {status: solved, csat: good}
    add_tags: [happy]
"""


class Step(NamedTuple):
    """What somebody did so many minutes ago: ``says`` and ``notes`` have words, the others a value."""

    minutes: float
    who: str
    what: str
    value: str


class Story(NamedTuple):
    """A ticket of Ana's and what became of it."""

    subject: str
    text: str
    minutes: float
    priority: str
    group: str
    steps: tuple[Step, ...] = ()


STORIES = (
    Story("Mast", "It is broken.", 90, "normal", "Support"),
    Story("Sail", "I want a refund.", 5000, "low", "Support", (Step(4990, ALICE, "tag", "vip"),)),
    Story(
        "Rudder",
        "It squeaks.",
        4000,
        "normal",
        "Support",
        (
            Step(3990, ALICE, "assign", ALICE),
            Step(3980, ALICE, "status", "open"),
            Step(3970, ALICE, "says", "Which boat is it?"),
            Step(3960, ALICE, "says", "I will call you tomorrow."),
        ),
    ),
    Story(
        "Keel",
        "It leaks.",
        3000,
        "normal",
        "Billing",
        (
            Step(2990, BOB, "assign", BOB),
            Step(2980, BOB, "says", "Please wait for the invoice."),
            Step(2970, BOB, "status", "pending"),
        ),
    ),
    Story(
        "Anchor",
        "It is lost.",
        2800,
        "high",
        "Support",
        (
            Step(2790, ALICE, "assign", ALICE),
            Step(2780, ALICE, "says", "We sent another one."),
            Step(2770, ALICE, "status", "solved"),
            Step(2000, ANA, "rate", "bad"),
        ),
    ),
    Story(
        "Rope",
        "Too short.",
        2700,
        "low",
        "Support",
        (
            Step(2690, ALICE, "assign", ALICE),
            Step(2680, ALICE, "says", "A longer one is on its way."),
            Step(2670, ALICE, "status", "solved"),
            Step(1600, ALICE, "status", "open"),
            Step(1500, ANA, "says", "It is still too short, I want a refund."),
        ),
    ),
    Story(
        "Lamp",
        "It is dark.",
        2600,
        "low",
        "Support",
        (
            Step(2590, ALICE, "assign", ALICE),
            Step(2580, ALICE, "notes", "Is this for Bob?"),
            Step(2570, ALICE, "assign", BOB),
            Step(2560, BOB, "status", "open"),
            Step(2550, BOB, "says", "Have you tried the switch?"),
        ),
    ),
    Story(
        "Flag",
        "Which colours?",
        2500,
        "low",
        "Billing",
        (
            Step(2490, BOB, "assign", BOB),
            Step(2480, BOB, "says", "Blue and white."),
            Step(2470, BOB, "status", "solved"),
            Step(2400, ANA, "rate", "good"),
        ),
    ),
)


STATUSES_OF_JIRA = {"new": "Open", "open": "In progress", "pending": "Waiting for customer", "solved": "Resolved"}
PRIORITIES_OF_JIRA = {"low": "Low", "normal": "Medium", "high": "High", "urgent": "Highest"}
STATUSES_OF_RT = {"new": "new", "open": "open", "pending": "stalled", "solved": "resolved"}
PRIORITIES_OF_RT = {"low": 0, "normal": 50, "high": 100, "urgent": 150}


class Desk(Protocol):
    """Hands on a desk: a ticket made, and each kind of step."""

    def settings(self, folder: Path) -> str: ...
    def create(self, story: Story, at: datetime) -> str: ...
    def act(self, ticket: str, step: Step, at: datetime) -> None: ...


class OnZendesk:
    def __init__(self, zd: FakeZendesk) -> None:
        self.zd = zd
        zd.entry.client = ("makegood", SECRET)
        for who in (ALICE, BOB):
            zd.change_user(who, groups=[zd.group_id("Support"), zd.group_id("Billing")])
        zd.change_user(ANA, name="Ana Lake")

    def settings(self, folder: Path) -> str:
        return zendesk_settings(self.zd)

    def create(self, story: Story, at: datetime) -> str:
        fields = {"priority": story.priority, "group_id": self.zd.group_id(story.group)}
        return self.zd.add_ticket(story.subject, story.text, by=ANA, at=at, **fields)

    def act(self, ticket: str, step: Step, at: datetime) -> None:
        if step.what in ("says", "notes"):
            self.zd.say(ticket, step.who, step.value, public=step.what == "says", at=at)
        elif step.what == "rate":
            self.zd.rate(ticket, step.value, "So it was.", at=at)
        else:
            fields: dict[str, Any] = {
                "assign": {"assignee_id": self.zd.person(step.value) if "@" in step.value else None},
                "status": {"status": step.value},
                "tag": {"tags": [step.value]},
            }[step.what]
            self.zd.change(ticket, step.who, fields, at=at)


class OnJira:
    def __init__(self, jira: FakeJira) -> None:
        self.jira = jira

    def settings(self, folder: Path) -> str:
        return jira_settings(self.jira)

    def create(self, story: Story, at: datetime) -> str:
        fields = {"status": "Open", "priority": PRIORITIES_OF_JIRA[story.priority]}
        own = {"Support group": story.group}
        return self.jira.add_issue(story.subject, story.text, by=ANA, at=at, custom_fields=own, **fields)

    def act(self, ticket: str, step: Step, at: datetime) -> None:
        if step.what in ("says", "notes"):
            self.jira.say(ticket, step.who, step.value, public=step.what == "says", at=at)
        elif step.what == "rate":
            self.jira.rate(ticket, 5 if step.value == "good" else 1, "So it was.", at=at)
        elif step.what == "status":
            self.jira.transition(ticket, step.who, STATUSES_OF_JIRA[step.value], at=at)
        else:
            named = {"assign": {"assignee": step.value}, "tag": {"labels": [step.value]}}[step.what]
            self.jira.change(ticket, step.who, named, at=at)


class OnRequestTracker:
    def __init__(self, rt: FakeRT) -> None:
        self.rt = rt
        for name in ("alice", "bob"):
            rt.users[name]["EmailAddress"] = f"{name}@acme.example"
        rt.users[rt.customer(ANA)]["RealName"] = "Ana Lake"

    def settings(self, folder: Path) -> str:
        table = f'kind = "rt"\nbase_url = "{self.rt.url}"\ntoken = {{ env = "RT_TOKEN" }}\n'
        return f'store = "makegood.db"\n[helpdesks.support]\n{table}'

    def create(self, story: Story, at: datetime) -> str:
        number = PRIORITIES_OF_RT[story.priority]
        return self.rt.add_ticket(
            story.subject, text=story.text, requester=ANA, queue=story.group, at=at, Priority=number
        )

    def act(self, ticket: str, step: Step, at: datetime) -> None:
        who = step.who if step.who == ANA else step.who.partition("@")[0]
        if step.what in ("says", "notes"):
            self.rt.say(ticket, who, step.value, public=step.what == "says", at=at)
            return
        body: dict[str, Any] = {
            "assign": {"Owner": step.value.partition("@")[0]},
            "status": {"Status": STATUSES_OF_RT.get(step.value)},
            "tag": {"CustomFields": {"Tags": [step.value]}},
            "rate": {"CustomFields": {"CSAT": step.value, "CSAT comment": "So it was."}},
        }[step.what]
        self.rt.change(ticket, "alice" if step.what == "rate" else who, body, at=at)


class OnLocal:
    def __init__(self, desk: Local) -> None:
        self.desk = desk
        desk.describe(groups=("Support", "Billing"), fields={"Recovery": FieldSpec("Recovery")})
        for name, address in (("Alice Adams", ALICE), ("Bob Baker", BOB)):
            desk.add_person(Person(address, name, address, role="agent", groups=("Support", "Billing")))
        desk.add_person(Person(ANA, "Ana Lake", ANA))

    def settings(self, folder: Path) -> str:
        return f'store = "makegood.db"\n[helpdesks.support]\nkind = "local"\npath = "{self.desk.path}"\n'

    def create(self, story: Story, at: datetime) -> str:
        return self.desk.create(ANA, story.subject, story.text, at=at, priority=story.priority, group=story.group)

    def act(self, ticket: str, step: Step, at: datetime) -> None:
        if step.what in ("says", "notes"):
            self.desk.say(ticket, step.who, step.value, public=step.what == "says", at=at)
        elif step.what == "rate":
            self.desk.rate(ticket, step.who, step.value, "So it was.", at=at)  # type: ignore[arg-type]
        else:
            field = {"assign": "assignee", "status": "status", "tag": "tags"}[step.what]
            self.desk.change(ticket, step.who, field, (step.value,) if step.what == "tag" else step.value, at=at)


def decided(desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[tuple[Any, ...]]:
    """Seeds the desk, pulls, plans: every change by subject, rule and what is wanted."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    now = datetime.now(UTC).replace(microsecond=0)
    subjects = {}
    for story in STORIES:
        number = desk.create(story, now - timedelta(minutes=story.minutes))
        subjects[number] = story.subject
        for step in story.steps:
            desk.act(number, step, now - timedelta(minutes=step.minutes))
    Path("makegood.toml").write_text(desk.settings(folder))
    Path("rules.yaml").write_text(RULES)
    pulled = call("pull")
    assert pulled.exit_code == 0, pulled.output
    names = {change["ticket"]: called(change["ticket"], change["url"]) for change in answer("plan")["changes"]}
    known = {names.get(number, number): subject for number, subject in subjects.items()}
    return {
        (
            subjects[change["ticket"]],
            change["rule"],
            change["action"],
            change["field"],
            str(change["to"]),
            _by_subject((change["text"] or "").rpartition("\n\nmakegood")[0], known),
        )
        for change in answer("plan")["changes"]
    }


def _by_subject(text: str, subjects: dict[str, str]) -> str:
    """A text without addresses that tells tickets by what they are about, since every desk calls them otherwise."""
    for name, subject in sorted(subjects.items(), key=lambda each: -len(each[0])):
        text = re.sub(rf"(ticket|case|after) {name}\b", rf"\1 {subject}", text)
    return re.sub(r"\n(https?://|desk\.db#)\S+$", "", text)


def test_one_rule_file_decides_the_same_on_every_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, set[tuple[Any, ...]]] = {}
    with ExitStack() as stack:
        zd, rt = stack.enter_context(FakeZendesk()), stack.enter_context(FakeRT())
        cloud, server = stack.enter_context(FakeJira(cloud=True)), stack.enter_context(FakeJira(cloud=False))
        local = stack.enter_context(Local(tmp_path / "desk.db", now=lambda: datetime.now(UTC)))
        desks: dict[str, tuple[Callable[[], Desk], dict[str, str]]] = {
            "local": (lambda: OnLocal(local), {}),
            "zendesk": (lambda: OnZendesk(zd), {"ZENDESK_CLIENT_SECRET": SECRET}),
            "rt": (lambda: OnRequestTracker(rt), {"RT_TOKEN": rt.token_of("makegood")}),
            "jira cloud": (lambda: OnJira(cloud), {"JIRA_TOKEN": cloud.entry.api_token}),
            "jira server": (lambda: OnJira(server), {"JIRA_TOKEN": server.entry.pat}),
        }
        for name, (desk, secrets) in desks.items():
            for variable, value in secrets.items():
                monkeypatch.setenv(variable, value)
            found[name] = decided(desk(), tmp_path / name.replace(" ", "-"), monkeypatch)
    told = found.pop("local")
    assert {rule for _, rule, *_ in told} == {
        line.removeprefix("  - name: ") for line in RULES.splitlines() if "- name" in line
    }
    for name, decisions in found.items():
        assert decisions == told, name
