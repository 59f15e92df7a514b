"""Finds the times in a sentence: what is written, what it means in the words of ``promise_language.TIMES``, where it stands.

Nothing is computed here; ``promise_due`` says when a time is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .promise_language import MONTHS, TIMES, UNITS, WEEKDAYS
from .promise_phrases import Phrases
from .promise_starts import ANY_LETTER, FIGURE, Alternatives, first_letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .promise_language import Language

MASK = "\ue000"
"""Stands for each character of a time in the sentence that gates are looked for in."""
PAST_MASK = "\ue001"
"""Stands for words that are taken out: past times, quotations."""

DAYS = frozenset(
    {
        *(
            "today",
            "tomorrow",
            "day_after_tomorrow",
            "weekday",
            "this_weekday",
            "next_weekday",
            "weekday_after",
            "date",
        ),
        *("within", "within_one"),
    }
)
ELAPSED = frozenset({"minute", "quarter_hour", "hour", "business_hour"})
"""Units that are counted in minutes."""
CLOCKS = frozenset({"clock", "half_past", "half_to", "quarter_past", "quarter_to", "noon", "midnight"})
PARTS = frozenset({"morning", "this_morning", "midday", "afternoon", "evening", "closing"})
WEEKS = frozenset(
    {
        *("this_week", "next_week", "week_after_next", "early_next_week", "mid_next_week", "weekend", "few_days"),
        *("week_number", "month", "this_month", "next_month"),
    }
)
TIME_SLOTS = (
    *("weekday", "month", "unit", "zone", "city", "number", "day", "nth", "year", "date", "d.m", "hm", "h.m", "h", "m"),
    *("am", "pm", "any"),
)
"""The slots of times."""
JOINED = ("morning", "midday", "afternoon", "evening", "noon")
"""What may be written in one with a weekday: *Montagvormittag*; and is meant right behind one, whatever else it can mean."""
_NAMED = DAYS | CLOCKS | PARTS
"""What can be part of the name of a thing: *your Friday*, *the 3pm call*."""

_BEFORE = r"(?<![\w.:/+#$\u20ac\u00a3])"
_DATE = (
    rf"{_BEFORE}(?:20\d\d-[01]?\d-[0-3]?\d|[0-3]?\d\.[01]?\d\.(?:(?:20)?\d\d(?!\d))?|[0-3]?\d/[0-3]?\d(?:/(?:20)?\d\d)?"
    rf"|[0-3]?\d-[01]?\d-20\d\d)(?![\d/%])"
)


@dataclass(frozen=True, slots=True)
class Atom:
    """One word of time: what it means, where it stands, and what its slots hold, by name (the last of a kind)."""

    meaning: str
    start: int
    end: int
    slots: Mapping[str, str] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """*day*, *clock*, *part* of a day, *week*, *after* (hours and minutes), or its own meaning."""
        if self.meaning in DAYS:
            return "after" if self.slots.get("unit") in ELAPSED else "day"
        roles = {"clock": CLOCKS, "part": PARTS, "week": WEEKS}
        return next((role for role, meanings in roles.items() if self.meaning in meanings), self.meaning)


@dataclass(frozen=True, slots=True)
class Time:
    """Atoms that make one time together; of several ``choices`` (*Monday or Tuesday*) the latest counts."""

    choices: tuple[tuple[Atom, ...], ...]
    start: int
    end: int

    @property
    def roles(self) -> frozenset[str]:
        """The roles of all its atoms."""
        return frozenset(atom.role for choice in self.choices for atom in choice)

    def with_(self, other: Time) -> Time:
        """This time with the parts of another: *tomorrow ... at 10*."""
        choices = tuple((*mine, *theirs) for mine in self.choices for theirs in other.choices)
        return Time(choices, min(self.start, other.start), max(self.end, other.end))


class TimeWords:
    """The times of one language.

    Raises:
        PhraseError: a phrase of the language is not well-formed.
    """

    def __init__(self, language: Language) -> None:
        names = {"weekday": WEEKDAYS, "month": MONTHS, "unit": UNITS}
        self._names = {slot: _by_word(getattr(language, f"{slot}s"), known) for slot, known in names.items()} | {
            "number": _by_word(language.numbers, language.numbers),
            "zone": _by_word(language.zones, language.zones),
        }
        words = language.words
        parts = [(meaning, phrase) for meaning in JOINED for phrase in language.times.get(meaning, ())]
        words_alone = [(meaning, phrase.split("|")) for meaning, phrase in parts if phrase.replace("|", "").isalpha()]
        self._parts = {word: meaning for meaning, alone in words_alone for word in alone}
        self._joined = rf"(?:{_any_word(self._parts)})(?!\w)"
        self._part = re.compile(rf" ?({self._joined})")
        slots = self._slots(words)
        close = frozenset({"h", "hm", "h.m", "number", "day"})
        plain = Phrases(words, slots, close)
        catching = Phrases(words, {name: f"({slot})" for name, slot in slots.items()}, close)
        found = [(meaning, phrase) for meaning, phrases in language.times.items() for phrase in phrases]
        found = [each for each in found if each[0] != "zone" and each[0] in TIMES]
        found.sort(key=lambda each: (-each[1].count(" "), each[1].count("<"), -len(each[1])))
        self._each = [(meaning, catching.either([text]), _slots_of(text, slots)) for meaning, text in found]
        letters = self._letters(slots)
        either_of = [(plain.either([text]), first_letters(text, words, letters)) for _, text in found]
        self._any = Alternatives(either_of, MASK + PAST_MASK, self._joined)
        zone_phrases = sorted(language.times.get("zone", ()), key=lambda text: "<city>" in text)
        zones = "|".join(catching.either([text]) for text in zone_phrases)
        self._zone = re.compile(rf"[ ,(]{{0,2}}(?:{zones or '(?!)'})(?!\w)")
        glue = plain.either([*words.get("glue", ()), *words.get("due", ())])
        self._glue = re.compile(rf"[ ,()-]{{0,3}}(?:(?:{glue})[ ,()-]{{1,3}}){{0,4}}$")
        either = plain.either([each for each in words.get("or", ()) if each != "-"])
        self._or = re.compile(rf"[ ,]{{0,2}}(?:-|{either})[ ,]{{0,2}}(?:(?:{glue})[ ,]{{1,2}}){{0,3}}$")
        self._noun = re.compile(rf"(?<!\w)(?:{plain.either(words.get('noun', ()))}) $")
        due = plain.either(words.get("due", ()))
        self._begins_due = re.compile(rf"(?:{due})(?!\w)")
        self._due = re.compile(rf"(?<!\w)(?:{due})(?: (?:{glue}))? $")

    def _slots(self, words: Mapping[str, Iterable[str]]) -> dict[str, str]:
        """Slots as expressions without groups that catch."""
        plain = Phrases(words, {})
        ordinal = plain.either(words.get("ordinal", ()))
        named = {name: _any_word(found) for name, found in self._names.items()}
        spelled = rf"(?:{named['number']})(?!\w)"
        ranged = plain.either([each for each in words.get("or", ()) if each != "-"])
        figure = r"\d{1,3}(?:[.,]\d)?(?![:.,]?\d)"
        number = rf"(?:{_BEFORE}(?<!-){figure}|{spelled})"
        day = rf"{_BEFORE}(?:3[01]|[12]\d|0?[1-9])(?![\d:/%]|\.\d)"
        hour = rf"{_BEFORE}(?:2[0-4]|[01]?\d)"
        return {
            "weekday": rf"(?:{named['weekday']})(?:(?!\w|'s)|(?={self._joined}))",
            "month": rf"(?:{named['month']})(?!\w)",
            "unit": rf"(?:{named['unit']})(?!\w)",
            "zone": rf"(?:{named['zone']})(?!\w)",
            "city": "[a-z]{2,20}(?: [a-z]{2,20})?",
            "number": rf"{number}(?:(?: ?- ?| (?:{ranged}) )(?:{figure}|{spelled}))?",
            "day": rf"{day}(?:{ordinal})?",
            "nth": rf"{_BEFORE}(?:3[01]|[12]\d|0?[1-9])(?:{ordinal})(?!\w)",
            "year": r"20\d\d(?!\d)",
            "date": _DATE,
            "d.m": rf"{_BEFORE}[0-3]?\d\.[01]?\d(?!\d|\.\d|%)\.?",
            "hm": rf"{hour}:[0-5]\d(?![\d:])",
            "h.m": rf"{hour}\.[0-5]\d(?!\d|\.\d|%)",
            "h": rf"{hour}(?![\d:/%\u20ac$\u00a3]|[.,]\d| (?:{named['unit']})(?!\w)|(?:{named['unit']})(?!\w)(?<!h)"
            rf"| (?:%|euro|usd|eur|gbp)|\.? ?(?:{ordinal})(?!\w)|\.? (?:{named['month']})(?!\w))",
            "m": r"[0-5]\d(?![\w:.]\d)",
            "am": rf"(?:{plain.either(words.get('am', ()))})",
            "pm": rf"(?:{plain.either(words.get('pm', ()))})",
            "any": r"[^ ,()]{1,40}",
        }

    def _letters(self, slots: Iterable[str]) -> dict[str, set[str]]:
        """What each slot can begin with."""
        named = {name: {word[0] for word in words} for name, words in self._names.items()}
        figures = {name: {FIGURE} for name in ("day", "nth", "year", "date", "d.m", "hm", "h.m", "h", "m")}
        spelled = {"number": named["number"] | {FIGURE}}
        free = {name: {ANY_LETTER} for name in slots if name in {"any", "city"}}
        return named | figures | spelled | free

    def find(self, text: str) -> Iterator[Time]:
        """The times of a folded text, in its order; also past ones and others that are never due."""
        groups: list[Time] = []
        for atom in self._atoms(text):
            last = groups[-1] if groups else None
            between = text[last.end : atom.start] if last else ""
            if last and len(between) < 40 and _fits(last.choices[-1], atom) and self._glue.match(between):
                groups[-1] = Time((*last.choices[:-1], (*last.choices[-1], atom)), last.start, atom.end)
            elif last and len(between) < 40 and _alternative(last, atom) and self._or.match(between):
                groups[-1] = Time((*last.choices, (atom,)), last.start, atom.end)
            else:
                groups.append(Time(((atom,),), atom.start, atom.end))
        return iter(groups)

    def _atoms(self, text: str) -> Iterator[Atom]:
        position = 0
        while (match := self._any.search(text, position)) is not None:
            atom = self._atom(*match)
            if atom.meaning in _NAMED and self._noun.search(text, max(0, atom.start - 12), atom.start):
                atom = Atom("other", atom.start, atom.end)
            position = atom.end
            yield atom
            part = self._part.match(text, position) if "weekday" in atom.slots and atom.role == "day" else None
            if part is not None:
                yield Atom(self._parts[part[1]], part.start(1), part.end())
                position = part.end()
            if atom.role in {"clock", "day", "part"} and (zone := self._zone.match(text, position)):
                name = self._named_zone(zone)
                if name is not None:
                    yield Atom("zone", zone.start(), zone.end(), {"zone": name})
                    position = zone.end()

    def _atom(self, found: re.Match[str], number: int) -> Atom:
        meaning, pattern, names = self._each[number]
        again = re.compile(pattern).match(found.string, found.start()) if names else None
        slots: dict[str, str] = {}
        for name, value in zip(names, again.groups() if again else (), strict=False):
            if value is not None:
                slots[name] = self._value(name, value)
        return Atom(meaning, found.start(), found.end(), slots)

    def _value(self, slot: str, written: str) -> str:
        if slot == "number":
            return self._number(written)
        return self._names.get(slot, {}).get(written, written)

    def _number(self, written: str) -> str:
        """A number in figures; of a range (*2-3*, *two or three*) the last."""
        numbers = self._names["number"]
        if written in numbers:
            return numbers[written]
        last = next((value for word, value in numbers.items() if written.endswith(f" {word}")), None)
        figures = re.findall(r"\d+(?:[.,]\d)?", written)
        return last or figures[-1].replace(",", ".") if last or figures else "1"

    def _named_zone(self, found: re.Match[str]) -> str | None:
        """The zone of the tz database that is named; an empty text for *your time*."""
        written = next((group for group in found.groups() if group is not None), None)
        if written is None:
            return ""
        return self._names["zone"].get(written) or cities().get(written)

    def is_due(self, text: str, start: int) -> bool:
        """Whether the words in front of a time, or its first ones, say that it is the due one: *by*, *within*."""
        return (
            self._due.search(text, max(0, start - 30), start) is not None
            or self._begins_due.match(text, start) is not None
        )


def _fits(atoms: tuple[Atom, ...], more: Atom) -> bool:
    """Whether an atom completes what stands there: a day gets a clock time, a clock time its zone."""
    roles = [atom.role for atom in atoms]
    if more.role == "zone":
        return bool({"clock", "day", "part"} & {*roles})
    if more.role == "day" and "day" in roles:
        days = {more.meaning, *(atom.meaning for atom in atoms if atom.role == "day")}
        return "date" in days and len(days) > 1
    if more.role in roles or "after" in roles or more.role not in {"day", "clock", "part", "week"}:
        return False
    if more.role == "week" or "week" in roles:
        days = {atom.meaning for atom in (*atoms, more) if atom.role == "day"}
        return days <= {"weekday"} and bool(days)
    return not {"soon", "past", "other"} & {*roles}


def _alternative(time: Time, more: Atom) -> bool:
    """Whether an atom may be another choice: a second day, a second clock time."""
    return more.role in time.roles and more.role in {"day", "clock", "part", "week", "after"}


def _slots_of(phrase: str, slots: Mapping[str, str]) -> tuple[str, ...]:
    """The slots of a phrase in their order, as often as each stands there."""
    return tuple(name for name in re.findall(r"<([\w.:]+)>", phrase) if name in slots)


def _by_word(named: Mapping[str, Iterable[str]], known: Iterable[str]) -> dict[str, str]:
    """From each way to write a name to the name."""
    return {word.lower(): name for name in known for word in named.get(name, ())}


def _any_word(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: -len(word))) or "(?!)"


def cities() -> Mapping[str, str]:
    """Cities of the tz database, in small letters, with their zones."""
    if not _CITIES:
        from zoneinfo import available_timezones

        for zone in sorted(available_timezones()):
            if "/" in zone and not zone.startswith(("Etc/", "SystemV/", "US/", "posix/", "right/")):
                _CITIES.setdefault(zone.rpartition("/")[2].replace("_", " ").lower(), zone)
    return _CITIES


_CITIES: dict[str, str] = {}
