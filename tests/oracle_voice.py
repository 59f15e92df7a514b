"""What three sections of a report make of a period, one event at a time: slow, plain, written from their sentences alone.

Random desks on which customers are let down and speak up; recovery cases and promises are taken as they are worked out
elsewhere, for other tests compare those. Nothing of the sections is used here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from fake_troubles import ANGRY, BEGIN, ROBOT, SPAN, THANKS, Deed, Town, deeds

from makegood.connectors.ticket import Event, Person

if TYPE_CHECKING:
    import random

    from makegood.engine.recovery_case import Case
    from makegood.engine.word_ledger import Promise

BERLIN = ZoneInfo("Europe/Berlin")
TICK, MINUTE, HOUR, DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
END = BEGIN + SPAN
ANA, BEN, CLEO = "ana@example.com", "ben@example.com", "cleo@example.com"
PEOPLE = {
    each.handle: each
    for each in (
        Person(ANA, "Ana Arp", ANA, role="agent", groups=("Support",)),
        Person(BEN, "Ben Bor", BEN, role="agent", groups=("Billing",)),
        Person(CLEO, "Cleo Cox", CLEO, role="agent"),
        Person("customer0@lake.example", "Ben Lake", "customer0@lake.example"),
    )
}
RULES = """
default_calendar: office
calendars: {office: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}}
teams:
  help: {group: Support, people: [cleo@example.com]}
words: {themes: {delivery: [parcel], money: [invoice]}}
rules:
  - {name: Word, promise: {from_grade: day}}
  - {name: First, calendar: always, deadline: {name: first, target: first_reply, within: 6 hours}}
  - {name: Solved, calendar: always, deadline: {name: solved, target: resolution, within: 4 days}}
  - name: Rated
    calendar: always
    when: {any: {csat: bad, tags: complaint}}
    recover: {cause: let-down, first_contact: 1 day, verify_after: 2 days, cool_down: 5 days}
  - name: Reopened
    calendar: always
    when: {reopens: {at_least: 1}}
    recover: {cause: again, steps: [Call], verify_after: 3 days}
"""
COMMENTS = (
    "",
    "",
    "The parcel was late.",
    "Ben is great.",
    "cleo and the invoice",
    "Thanks, Ana and Cleo!",
    "Ben, Ben!",
)
SUBJECTS = ("Help", "My parcel", "Help", "An invoice")
SOLVED = ("solved", "closed")


# --- a helpdesk -------------------------------------------------------------------------------------------------------


class Village(Town):
    """A town with groups and subjects, whose customers comment, wake their tickets without a word, and change."""

    def do(self, deed: Deed) -> None:
        here = self.tickets.get(deed.ticket)
        known = here is not None and here.merged_into is None and not here.deleted
        if deed.what == "moved" and known:
            self._turn(deed, "group", ROBOT, "automation")
        elif deed.what == "passed" and known:
            self._turn(deed, "requester", ROBOT, "automation")
        elif deed.what == "woken" and known and here and here.status in SOLVED:
            self._turn(deed._replace(more="open"), "status", here.requester or "somebody", "customer")
        elif deed.what not in ("moved", "passed", "woken"):
            self._usual(deed)

    def _turn(self, deed: Deed, name: str, by: str, role: Any) -> None:
        here, number = self.tickets[deed.ticket], len(self.events) + 1
        about = {"ticket": deed.ticket, "at": deed.at, "seq": number, "actor": by, "actor_kind": role}
        change = {"field": name, "old": getattr(here, name), "new": deed.more}
        if change["old"] != change["new"]:
            self.events.append(Event(id=f"e{number}", kind="field", **about, **change))
            self.tickets[deed.ticket] = replace(here, **{name: deed.more})

    def _usual(self, deed: Deed) -> None:
        before = len(self.events)
        super().do(deed)
        if deed.what == "create":
            number = int(deed.ticket)
            about = {"subject": SUBJECTS[number % 4], "group": (None, "Support")[number % 2]}
            first = "About an invoice" if number % 5 == 0 else "Hello"
            self.tickets[deed.ticket] = replace(self.tickets[deed.ticket], description=first, **about)
        if len(self.events) > before and self.events[-1].kind == "rating" and self.events[-1].text is None:
            self.events[-1] = replace(self.events[-1], text=COMMENTS[deed.at.minute % len(COMMENTS)] or None)


def troubles(rng: random.Random) -> list[Deed]:
    """What happens to a few customers' tickets, some of them handed from group to group, rated twice in an hour."""
    found = deeds(rng, 4, 4, nobody=True)
    more = []
    for deed in found:
        at = deed.at + MINUTE * rng.randrange(1, 90)
        if rng.random() < 0.1:
            more.append(Deed(at, deed.ticket, "moved", rng.choice(["Support", "Billing", None])))
        if rng.random() < 0.03:
            more.append(Deed(at, deed.ticket, "woken"))
        if rng.random() < 0.02:
            more.append(Deed(at, deed.ticket, "passed", "customer1@lake.example"))
        if deed.what in ("bad", "good") and rng.random() < 0.4:
            more.append(Deed(at, deed.ticket, deed.what))
    return sorted([*found, *(deed for deed in more if deed.at < END)], key=lambda deed: deed.at)


def village(done: list[Deed], until: datetime | None = None) -> Village:
    built = Village()
    for deed in done:
        if until is None or deed.at <= until:
            built.do(deed)
    return built


# --- a period of it ---------------------------------------------------------------------------------------------------


class Words(NamedTuple):
    """Something that a customer said."""

    at: datetime
    kind: str
    ticket: str
    team: str
    person: str
    text: str
    themes: tuple[str, ...]


def tally(found: list[tuple[str, str]], columns: list[str]) -> list[tuple[Any, ...]]:
    """Rows of a name and how often each of the columns was said of it, the busiest first."""
    rows = [(name, *(found.count((name, column)) for column in columns)) for name in {name for name, _ in found}]
    return sorted((row for row in rows if sum(row[1:])), key=lambda row: (-sum(row[1:]), row[0]))


def part(some: int, whole: int) -> float | None:
    return some / whole if whole else None


@dataclass
class Slow:
    """A period from ``begin`` up to ``end``; ``cases`` and ``promises`` as they stood right before its end."""

    town: Village
    begin: datetime
    end: datetime
    every_case: list[Case]
    promises: list[Promise]
    per_person: bool = False

    def inside(self, moment: datetime | None) -> bool:
        return moment is not None and self.begin <= moment < self.end

    def day(self, moment: datetime) -> str:
        return f"{moment.astimezone(BERLIN):%Y-%m-%d}"

    def then(self, ticket: str, name: str, moment: datetime) -> Any:
        """A field's value after all that happened to a ticket up to a moment."""
        later = (e for e in self.town.events if e.ticket == ticket and e.field == name and e.at > moment)
        change = next(later, None)
        return change.old if change else getattr(self.town.tickets[ticket], name)

    def team(self, ticket: str, moment: datetime) -> str:
        group = self.then(ticket, "group", moment) if self.town.tickets[ticket].created <= moment else None
        return {None: "no team", "Support": "help"}.get(group, group)

    def known(self, ticket: str) -> list[Event]:
        return [event for event in self.town.events if event.ticket == ticket and event.at < self.end]

    def gone(self, ticket: str, *kinds: str) -> bool:
        return any(event.kind in kinds for event in self.known(ticket))

    # --- what was said ------------------------------------------------------------------------------------------------

    def said(self) -> list[Words]:
        found = []
        for ticket in self.town.tickets:
            if not self.gone(ticket, "deleted"):
                rows = (*self.rated(ticket), *self.reopened(ticket), *self.wrote(ticket))
                found += [self.words(ticket, *row) for row in rows if self.inside(row[0])]
        return sorted(found, key=lambda each: (each.at, list(self.town.tickets).index(each.ticket), each.kind))

    def words(self, ticket: str, at: datetime, kind: str, text: str) -> Words:
        about = self.town.tickets[ticket]
        themes = topics(text) or topics(f"{about.subject} {about.description}")
        return Words(
            at, kind, ticket, self.team(ticket, at), self.then(ticket, "assignee", at) or "nobody", text, themes
        )

    def rated(self, ticket: str) -> list[tuple[datetime, str, str]]:
        found: list[tuple[datetime, str, str]] = []
        for event in (event for event in self.known(ticket) if event.kind == "rating"):
            text = event.text or ""
            last = found[-1] if found else None
            within = HOUR if last and text and not last[2] else MINUTE
            if last and last[1] == event.new and event.at - last[0] <= within:
                found[-1] = (last[0], last[1], text or last[2])
            else:
                found.append((event.at, str(event.new), text))
        return found

    def heard(self, ticket: str) -> list[Event]:
        events = self.known(ticket)
        return [e for e in events if e.kind == "message" and e.public and not e.auto and e.actor_kind == "customer"]

    def wrote(self, ticket: str) -> list[tuple[datetime, str, str]]:
        kinds = {ANGRY: "angry", THANKS: "thanks"}
        return [(e.at, kinds[e.text], e.text) for e in self.heard(ticket) if e.text in kinds]

    def reopened(self, ticket: str) -> list[tuple[datetime, str, str]]:
        found = []
        solved: datetime | None = None
        for event in (event for event in self.known(ticket) if event.field == "status"):
            if event.old not in SOLVED and event.new in SOLVED:
                solved = event.at
            if event.old in SOLVED and event.new not in SOLVED:
                heard = self.heard(ticket)
                by_thanks = any(e.text == THANKS and abs(e.at - event.at) <= MINUTE for e in heard)
                since = solved or event.at - MINUTE
                why = [e.text for e in heard if since <= e.at <= event.at + MINUTE and e.text != THANKS]
                if not by_thanks and (why or event.actor_kind == "customer"):
                    found.append((event.at, "reopened", why[-1] if why else ""))
        return found

    # --- cases --------------------------------------------------------------------------------------------------------

    @property
    def cases(self) -> list[Case]:
        return [case for case in self.every_case if case.outcome != "deleted"]

    @property
    def opened(self) -> list[Case]:
        return [case for case in self.cases if self.inside(case.opened)]

    @property
    def ended(self) -> list[Case]:
        return [case for case in self.cases if case.state in ("verified", "failed") and self.inside(case.ended)]

    def of_recovery(self) -> dict[str, tuple[float | None, int]]:
        tickets = [t for t in self.town.tickets if not self.gone(t, "merged", "deleted")]
        came_in = sum(self.inside(self.town.tickets[ticket].created) for ticket in tickets)
        opened, right = len(self.opened), [case for case in self.ended if case.state == "verified"]
        took = [(case.contacted.at - case.begun) / timedelta(seconds=1) for case in self.opened if case.contacted]
        in_time = [self.in_time(case) for case in self.opened]
        back = [at for case in self.cases for at, state in case.turns[1:] if state == "open" and self.inside(at)]
        judged = [case.flagged_rightly for case in self.opened if case.flagged_rightly is not None]
        bad = [each for each in self.said() if each.kind == "bad"]
        return {
            "cases_opened": (opened, opened),
            "cases_per_100": (100 * opened / came_in if came_in else None, came_in),
            "contacted_in_time": (
                part(in_time.count(True), len(in_time) - in_time.count(None)),
                len(in_time) - in_time.count(None),
            ),
            "contact_took": (median(took) if took else None, len(took)),
            "put_right": (part(len(right), len(self.ended)), len(self.ended)),
            "said_so": (part(len(self.won_back()), len(right)), len(right)),
            "came_back": (len(back), len(back)),
            "early_catch": (part(sum(map(self.foreseen, bad)), len(bad)), len(bad)),
            "flagged_rightly": (part(sum(judged), len(judged)), len(judged)),
        }

    def in_time(self, case: Case) -> bool | None:
        """Only `let-down` has a first contact: a day after the trouble began, whatever comes later."""
        if case.rule.name != "Rated":
            return None
        due = case.begun + DAY
        spoke = [act.at for act in (case.contacted, case.resolved) if act]
        if spoke:
            return min(spoke) <= due
        over = case.ended or self.end - TICK
        return False if over > due else None

    def foreseen(self, rating: Words) -> bool:
        requester = self.then(rating.ticket, "requester", self.end - TICK)
        for case in self.every_case:
            mine = case.requester == requester and case.outcome != "deleted"
            joined = case.tickets.get(rating.ticket, END) < rating.at
            states = [state for at, state in case.turns if at < rating.at]
            if (mine or joined) and states and states[-1] in ("open", "contacted", "resolved"):
                return True
        return False

    def won_back(self) -> list[Case]:
        return [case for case in self.ended if case.state == "verified" and case.by[:5] in ("rated", "thank")]

    def of_cases(self) -> list[tuple[str, str, datetime]]:
        """Team, what and when of every opening and end."""
        first = [
            (self.team(next(iter(case.tickets)), case.opened), "opened", case.opened)
            for case in self.every_case
            if case in self.opened
        ]
        return [*first, *((self.team(case.ticket, case.ended), case.state, case.ended) for case in self.ended)]  # type: ignore[arg-type]

    def recovery_tables(self) -> dict[str, list[tuple[Any, ...]]]:
        ages = ["up to a day", "up to 3 days", "up to a week", "up to 30 days", "older"]
        waiting = [case for case in self.cases if case.state not in ("verified", "failed")]
        by_age = tally([(self.age(case), case.state) for case in waiting], ["open", "contacted", "resolved"])
        causes: dict[str, list[str]] = {}
        for case in self.ended:
            if case.root_cause:
                causes.setdefault(case.root_cause.lower(), []).append(case.root_cause)
        return {
            "Open cases by age": sorted(by_age, key=lambda row: ages.index(row[0])),
            "Outcomes": tally([((case.outcome or "").replace("_", " "), "n") for case in self.ended], ["n"]),
            "Root causes": tally([(each[0], "n") for each in causes.values() for _ in each], ["n"]),
            "What happened to them": tally(
                [(signal.kind.replace("_", " "), "n") for case in self.opened for signal in case.signals], ["n"]
            ),
            "Cases by team": tally(
                [(team, what) for team, what, _ in self.of_cases()], ["opened", "verified", "failed"]
            ),
        }

    def age(self, case: Case) -> str:
        days = (self.end - TICK - case.opened) / DAY
        return (
            "up to a day"
            if days <= 1
            else "up to 3 days"
            if days <= 3
            else "up to a week"
            if days <= 7
            else "up to 30 days"
        )

    # --- the voice of the customer ------------------------------------------------------------------------------------

    def of_voice(self) -> dict[str, tuple[float | None, int]]:
        sums = Counter(each.kind for each in self.said())
        return {f"said_{kind}": (sums[kind], sums[kind]) for kind in ("thanks", "angry", "reopened")}

    def voice_tables(self) -> dict[str, list[tuple[Any, ...]]]:
        said, trouble = self.said(), ["bad", "reopened", "angry"]
        themes = [(theme, each.kind) for each in said for theme in each.themes]
        hours = [(f"{each.at.astimezone(BERLIN).hour:02}:00", each.kind) for each in said]
        signals = {
            (signal.at, signal.kind, signal.ticket, signal.value, signal.rule)
            for case in self.every_case
            for signal in case.signals
            if signal.kind in ("missed_deadline", "missed_resolution", "broken_promise") and self.inside(signal.at)
        }
        return {
            "Themes": tally(themes, ["good", "thanks", *trouble]),
            "Trouble by team": tally([(each.team, each.kind) for each in said], trouble),
            "Trouble by rule": tally([(rule, "n") for *_, rule in signals], ["n"]),
            "Trouble by hour of the day": sorted(tally(hours, trouble)),
            "In their words": self.latest(said),
        }

    def latest(self, said: list[Words]) -> list[tuple[Any, ...]]:
        once: dict[tuple[str, str], Words] = {}
        for each in said:
            if each.text:
                once.pop((each.ticket, each.text), None)
                once[each.ticket, each.text] = each
        latest = list(reversed(once.values()))[:12]
        return sorted((self.day(each.at), each.kind, each.ticket, each.text) for each in latest)

    # --- recognition --------------------------------------------------------------------------------------------------

    def kept(self) -> list[str]:
        return [each.author or "" for each in self.promises if each.how == "kept" and self.inside(each.settled)]

    def of_recognition(self) -> dict[str, tuple[float | None, int]]:
        kept, back = len(self.kept()), len(self.won_back())
        return {"kept_words": (kept, kept), "won_back": (back, back)}

    def name(self, who: str, team: str | None = None) -> str:
        if self.per_person:
            return PEOPLE[who].name if who in PEOPLE else who
        return team or {ANA: "help", BEN: "Billing", CLEO: "help"}.get(who, "no team")

    def praise(self) -> list[tuple[Any, ...]]:
        found = [(self.name(who), "kept") for who in self.kept()]
        for case in self.won_back():
            ended = case.ended or self.end
            owner = self.then(case.ticket, "assignee", ended) or "nobody"
            found.append((self.name(owner, self.team(case.ticket, ended)), "back"))
        found += [(name, "thanked") for name, _ in self.thanked()]
        rows = [row for row in tally(found, ["kept", "back", "thanked"]) if row[0] not in ("no team", "nobody")]
        return sorted(rows, key=lambda row: (-(row[1] + 3 * row[2] + 2 * row[3]), row[0]))

    def thanked(self) -> list[tuple[str, Words]]:
        found = []
        for each in self.said():
            if each.kind == "thanks" or (each.kind == "good" and each.text):
                requester = self.then(each.ticket, "requester", self.end - TICK)
                named = [who for who, first in ((ANA, "Ana"), (BEN, "Ben"), (CLEO, "Cleo")) if first in each.text]
                named = [who for who in named if (requester, who) != ("customer0@lake.example", BEN)]
                one = len(named) == 1
                found.append((self.name(named[0]) if one else self.name(each.person, each.team), each))
        return [(name, each) for name, each in found if name not in ("no team", "nobody")]


def topics(text: str) -> tuple[str, ...]:
    return tuple(topic for topic, word in (("delivery", "parcel"), ("money", "invoice")) if word in text.lower())
