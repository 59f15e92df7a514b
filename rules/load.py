"""From rule files to a :class:`.model.RuleSet`, or to everything that is wrong with them.

Files are read with all they include first, so that every name is known wherever it is used; then every value is read.
Rules of included files come before those of the file that includes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .calendar import Calendar, CalendarError
from .chains import clock_loop, ring
from .diagnostics import Diagnostic, Problems, Span, place
from .durations import UnreadableError, parse_zone
from .fingerprint import fingerprint
from .model import Limits, Rule, RuleSet, RuleTest
from .nodes import Entry, Mapping, Scalar, Sequence
from .promise_check import own_languages
from .promise_language import Languages
from .rulekeys import FILE
from .shapes import Fields, Reader, head
from .source import Source, parse, read
from .staff import Notices
from .wordlists import together

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from .calendar import CalendarSpec
    from .nodes import Node
    from .promise_language import Language

Loaded = tuple[RuleSet | None, list[Diagnostic]]

BUILT_IN = "always"
"""The calendar that is there without being defined: 24 hours, 7 days, UTC."""


def load_file(path: Path | str) -> Loaded:
    """Read a rule file and all it includes.

    Gives the rule set, or ``None`` where there is an error, and every problem found, by file, line and column. Never
    raises for anything a file can hold, nor for a file that is not there.
    """
    files = _Files()
    files.open(Path(path), str(path), Span(str(path), 1, 1, 1, 1))
    return _loaded(files)


def load_text(text: str | bytes, name: str = "rules.yaml", base: Path | None = None) -> Loaded:
    """Read rules from a text that diagnostics call ``name``; ``include`` is looked up in the folder ``base``."""
    files = _Files()
    files.take(parse(text, name, files.problems), base, ())
    return _loaded(files)


def load_tests(path: Path | str, rules: RuleSet) -> tuple[tuple[RuleTest, ...], list[Diagnostic]]:
    """Read a file of tests beside a rule file (``*.test.yaml``): its one key is ``tests``; names are those of ``rules``."""
    files = _Files()
    files.open(Path(path), str(path), Span(str(path), 1, 1, 1, 1))
    reader = files.reader()
    known = [action.name for rule in rules.rules if (action := rule.actions.deadline) is not None]
    reader.deadlines = frozenset(known)
    reader.zone = zone_of(rules)
    tests = [test for source in files.sources for test in _tests_of(source, reader)]
    return tuple(tests), files.problems.items


def zone_of(rules: RuleSet) -> tzinfo:
    """The time zone of times without one: that of the default calendar."""
    calendar = rules.calendars.get(rules.default_calendar)
    return ZoneInfo(calendar.time_zone) if calendar is not None else UTC


def _tests_of(source: Source, reader: Reader) -> tuple[RuleTest, ...]:
    if not isinstance(source.root, Mapping):
        return ()
    for entry in source.root.entries:
        if entry.key.text not in ("version", "tests"):
            message = f"a file of tests has no key `{entry.key.text}`"
            reader.error("unknown-key", entry.key, message, "it belongs in the rule file")
    fields: Fields = FILE.read(source.root, reader)
    tests: tuple[RuleTest, ...] = fields.get("tests", ())
    _unique(tests, "test", reader)
    return tests


# --- files ------------------------------------------------------------------------------------------------------------


@dataclass
class _Files:
    """A rule file and all it includes, in the order in which their rules count."""

    problems: Problems = field(default_factory=Problems)
    sources: list[Source] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    folders: dict[str, Path | None] = field(default_factory=dict)
    languages: list[Language] = field(default_factory=list)

    def open(self, path: Path, name: str, asked: Span, chain: tuple[Path, ...] = ()) -> None:
        """Read the file ``path``; ``asked`` is where it was asked for, ``chain`` the files that include it."""
        try:
            resolved = path.resolve()
            if self._refused(resolved, asked, chain):
                return
            source = read(path, self.problems, name)
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            shown = path.name if chain else name
            self.problems.error("unreadable", asked, f"cannot read {shown}: {reason}", "check the name of the file")
            return
        self.seen.add(resolved)
        self.take(source, path.parent, (*chain, resolved))

    def _refused(self, path: Path, asked: Span, chain: tuple[Path, ...]) -> bool:
        if path in chain:
            names = " -> ".join(each.name for each in (*chain[chain.index(path) :], path))
            self.problems.error("include-loop", asked, f"this file includes itself: {names}", "take this `include` out")
        elif path in self.seen:
            message = f"{path.name} is included twice"
            self.problems.error("include-twice", asked, message, "include every file once")
        return path in chain or path in self.seen

    def take(self, source: Source, base: Path | None, chain: tuple[Path, ...]) -> None:
        """Take a file's languages and included files, then the file itself."""
        languages, included = list(_listed(source.root, "languages")), list(_listed(source.root, "include"))
        if base is None:
            for item in (*languages, *included):
                self.problems.error("unreadable", item.span, "a rule file that names others needs to be on disk")
        else:
            for item in languages:
                self.languages += own_languages(base / item.text, item, self.problems)
            for item in included:
                self.open(base / item.text, str(base / item.text), item.span, chain)
        self.folders[source.file] = base
        self.sources.append(source)

    def reader(self) -> Reader:
        """A reader that knows every name that the files define."""
        texts = {source.file: source.text for source in self.sources}
        reader = Reader(self.problems, texts, partial=self.problems.has_errors, folders=self.folders)
        reader.calendars = {BUILT_IN: None, **self._names("calendars", reader)}
        reader.teams = self._names("teams", reader)
        reader.conditions = self._names("conditions", reader)
        reader.deadlines = frozenset(name for source in self.sources for name in _deadlines(source.root))
        reader.zone = self._zone(reader)
        return reader

    def _names(self, key: str, reader: Reader) -> dict[str, Node]:
        """What stands under ``key`` in any file, by name; a name that two files define is reported."""
        found: dict[str, Entry] = {}
        for source in self.sources:
            for entry in _entries(source.root, key):
                if entry.key.text in found:
                    first = found[entry.key.text].key.span
                    message = f"`{entry.key.text}` is already defined {place(first, entry.key.span)}"
                    reader.error("duplicate-name", entry.key, message, "keep one of them")
                found.setdefault(entry.key.text, entry)
                reader.marks.setdefault(f"{key}.{entry.key.text}", entry.key.span)
        if key == "calendars" and BUILT_IN in found:
            where = found.pop(BUILT_IN).key
            reader.error("duplicate-name", where, f"`{BUILT_IN}` is built in: 24 hours on 7 days", "take another name")
        return {name: entry.value for name, entry in found.items()}

    def _zone(self, reader: Reader) -> tzinfo:
        named = [_text(source.root, "default_calendar") for source in self.sources]
        name = next((name for name in named if name), None) or only_calendar(reader)
        zone = _text(reader.calendars.get(name), "time_zone")
        try:
            return parse_zone(zone) if zone else UTC
        except UnreadableError:
            return UTC


def only_calendar(reader: Reader) -> str:
    """The default calendar where the file names none: its only calendar, else the one built in."""
    own = [name for name in reader.calendars if name != BUILT_IN]
    return own[0] if len(own) == 1 else BUILT_IN


def _listed(root: Node, key: str) -> Iterator[Scalar]:
    """The files or folders that stand under a key, one or a list."""
    entry = root.get(key) if isinstance(root, Mapping) else None
    if entry is not None:
        items = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
        yield from (item for item in items if isinstance(item, Scalar))


def _entries(root: Node, key: str) -> tuple[Entry, ...]:
    entry = root.get(key) if isinstance(root, Mapping) else None
    return entry.value.entries if entry is not None and isinstance(entry.value, Mapping) else ()


def _text(node: Node | None, key: str) -> str | None:
    entry = node.get(key) if isinstance(node, Mapping) else None
    return entry.value.text if entry is not None and isinstance(entry.value, Scalar) else None


def _deadlines(root: Node) -> Iterator[str]:
    """The names of the clocks that the rules of a file set."""
    entry = root.get("rules") if isinstance(root, Mapping) else None
    for rule in entry.value.items if entry is not None and isinstance(entry.value, Sequence) else ():
        clock = rule.get("deadline") if isinstance(rule, Mapping) else None
        name = _text(clock.value, "name") if clock is not None else None
        if name is not None:
            yield name


# --- the rule set -----------------------------------------------------------------------------------------------------


def _loaded(files: _Files) -> Loaded:
    reader = files.reader()
    read_files = [fields for source in files.sources if (fields := _fields(source.root, reader)) is not None]
    ruleset = _ruleset(read_files, Languages(tuple(files.languages)), reader)
    if not files.problems.has_errors:
        ring(ruleset, files.problems, None)
        clock_loop(ruleset, files.problems, None)
    return (None if files.problems.has_errors else ruleset), files.problems.items


def _fields(root: Node, reader: Reader) -> Fields | None:
    if not isinstance(root, Mapping):
        reader.error("wrong-shape", root, "a rule file is a mapping of keys", "start with `rules:`")
        return None
    fields: Fields = FILE.read(root, reader)
    return fields


def _ruleset(files: list[Fields], languages: Languages, reader: Reader) -> RuleSet:
    rules = tuple(rule for fields in files for rule in fields.get("rules", ()))
    tests = tuple(test for fields in files for test in fields.get("tests", ()))
    _unique(rules, "rule", reader)
    _unique_ids(rules, reader)
    _unique(tests, "test", reader)
    if files and not rules and not reader.problems.has_errors:
        reader.error("missing-key", files[-1].node, "there are no rules", "start with `rules:` and `- name: ...`")
    default = _once("default_calendar", files, reader) or only_calendar(reader)
    merged = {key: _merged(files, key) for key in ("calendars", "teams", "conditions")}
    _usable(merged["calendars"], reader)
    ruleset = RuleSet(
        rules=tuple(replace(rule, fingerprint=fingerprint(rule)) for rule in rules),
        calendars=merged["calendars"],
        default_calendar=default,
        teams=merged["teams"],
        conditions=merged["conditions"],
        limits=_once("limits", files, reader) or Limits(),
        notices=_once("notices", files, reader) or Notices(),
        tests=tests,
        fingerprint="",
        languages=languages,
        words=together(
            ((fields.get("words"), fields.nodes["words"]) for fields in files if fields.get("words")), reader
        ),
        sources=reader.sources,
        marks=reader.marks,
    )
    return replace(ruleset, fingerprint=fingerprint(ruleset))


def _usable(calendars: dict[str, CalendarSpec], reader: Reader) -> None:
    """Report calendars without working time and unknown countries, unless something else is wrong with them already."""
    for name, spec in calendars.items():
        node = reader.calendars[name]
        if node is None or reader.problems.has_errors:
            continue
        try:
            Calendar(spec)
        except CalendarError as error:
            holidays = node.get("holidays") if isinstance(node, Mapping) else None
            reader.error("bad-calendar", holidays.value if holidays else node, str(error), error.hint)


def _merged(files: list[Fields], key: str) -> dict[str, Any]:
    return {name: value for fields in files for name, value in fields.get(key, {}).items() if value is not None}


def _once(key: str, files: list[Fields], reader: Reader) -> Any:
    """The value of a key that only one of the files may have."""
    having = [fields for fields in files if key in fields.nodes]
    for again in having[1:]:
        first = having[0].at(key)
        message = f"`{key}` is already set {place(first, again.at(key))}"
        reader.error("duplicate-name", again.at(key), message, "keep one of them")
    return having[0].get(key) if having else None


def _unique(named: tuple[Rule, ...] | tuple[RuleTest, ...], what: str, reader: Reader) -> None:
    first: dict[str, Span] = {}
    for each in named:
        key = each.name.strip().lower()
        if key and key in first:
            where = reader.locate(Scalar("", each.span), each.name)
            message = f"another {what} {place(first[key], where)} has this name"
            reader.error(f"duplicate-{what}", where, message, "give each its own name")
        first.setdefault(key, each.span)


def _unique_ids(rules: tuple[Rule, ...], reader: Reader) -> None:
    first: dict[str, Rule] = {}
    for rule in rules:
        other = first.setdefault(rule.id, rule)
        if other is not rule and other.name.strip().lower() != rule.name.strip().lower() and rule.id:
            message = f"rule `{other.name}` {place(other.span, rule.span)} has the same identity `{rule.id}`"
            reader.error("duplicate-rule", head(Scalar("", rule.span)), message, "give this rule an `id` of its own")
