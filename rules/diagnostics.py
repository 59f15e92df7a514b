"""What is wrong with a rule file, told to the admin who wrote it: where, what, and what to write instead.

Diagnostics are collected, never raised: a run reports every mistake of a file at once. Everything here is a plain value
or a pure function; who prints (``cli``) decides on colours.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Severity = Literal["error", "warning", "info"]

CODES: dict[str, str] = {
    "alias-bomb": "Aliases repeat so much that the file would become huge.",
    "alias-loop": "An anchored value contains itself.",
    "bad-calendar": "A calendar has no working time, an unknown zone, or hours that cannot be read.",
    "bad-calendar-file": "A calendar file (`.ics`) is none, is broken, or cannot be read here.",
    "bad-date": "A date or instant cannot be read.",
    "bad-duration": "A duration cannot be read, or runs on the wrong clock.",
    "bad-name": "A name holds a character that it cannot hold.",
    "bad-number": "A number cannot be read or is out of range.",
    "bad-pattern": "A regular expression is wrong, or needs backtracking.",
    "bad-phrase": "A phrase of a language file, or of `words`, is not well-formed.",
    "bad-text": "A text holds a single brace.",
    "bad-value": "A value is not one of those possible here.",
    "calendar-file": "Something in a calendar file counts for nothing.",
    "case-customer": "Rules of one cause open cases about different customers.",
    "case-loop": "A condition that cases depend on reads how a case is.",
    "clock-loop": "A clock depends on itself.",
    "comment-in-text": "A `#` without a space after it cut the value short.",
    "condition-list": "A condition is a list without `all` or `any`.",
    "condition-loop": "A named condition uses itself.",
    "contradiction": "Two keys exclude each other, or one needs another.",
    "control-character": "The file holds an invisible character that no rule file may hold.",
    "customer-sees": "A rule writes to customers.",
    "desk-lacks": "The desk cannot supply or write something.",
    "duplicate-key": "A key stands twice in the same mapping.",
    "duplicate-name": "A name is defined twice, or a phrase is listed twice.",
    "duplicate-rule": "Two rules have the same name or identity.",
    "duplicate-test": "Two tests have the same name.",
    "empty-condition": "A condition says nothing.",
    "empty-file": "There is nothing in the file.",
    "empty-value": "A key or a list item has no value.",
    "fights-sla": "A rule works against the desk's own SLA clock.",
    "follows": "What one rule does makes another one true.",
    "holidays-end": "A list of holidays ends soon.",
    "include-loop": "A file includes itself.",
    "include-twice": "A file is included twice.",
    "key-not-text": "A key is a list or a mapping instead of a word.",
    "merge-key": "`<<` is not part of the rule language.",
    "missing-key": "A key that is needed is not there.",
    "must-quote": "A value starts with a character that means something else to YAML.",
    "negated-missing": "A negation also holds where there is no value.",
    "never-true": "Two comparisons exclude each other.",
    "no-action": "A rule or step does nothing.",
    "no-calendar": "Business time is used and there is no calendar for it.",
    "no-case": "A rule reads recovery cases that no rule opens.",
    "no-effect": "An action does what is so already.",
    "no-history": "A fact known only as it is now stands where the past is asked about.",
    "no-skill": "A skill is asked for that nobody of the team has.",
    "no-value": "An entry inside `{}` has no value.",
    "nobody-in-role": "A role that is told is nobody.",
    "nobody-on-call": "An event of a rota names nobody of its team.",
    "not-settable": "`set` names a fact that cannot be set.",
    "not-utf8": "The file is not written in UTF-8.",
    "null-value": "A value is `null` or `~` instead of `missing`.",
    "review-due": "A rule should have been looked at again.",
    "ring": "Rules make each other true in a circle.",
    "several-documents": "The file holds more than one YAML document.",
    "solved-without-owner": "A rule solves tickets that may have no owner.",
    "syntax": "The text is not YAML.",
    "tab": "A line is indented with a tab.",
    "tag": "YAML tags such as `!tag` are not part of the rule language.",
    "too-deep": "Values are nested too deeply.",
    "too-large": "The file is too large to be a rule file.",
    "too-many": "The file has so many mistakes that the rest is not shown.",
    "unclosed": "A quote or bracket is opened and never closed.",
    "unknown-alias": "`*name` points to an anchor that does not exist.",
    "unknown-calendar": "A calendar is named that the file does not define.",
    "unknown-channel": "A notice goes to a channel that makegood.toml does not have.",
    "unknown-condition": "A condition is named that the file does not define.",
    "unknown-deadline": "A deadline is named that no rule sets.",
    "unknown-fact": "There is no fact of that name.",
    "unknown-key": "There is no such key here.",
    "unknown-name": "The desk has nothing of this name.",
    "unknown-person": "The desk knows nobody of this name.",
    "unknown-placeholder": "A text holds a placeholder that is no fact.",
    "unknown-team": "A team is named that the file does not define.",
    "unreachable": "An earlier rule always speaks first.",
    "unreadable": "A file cannot be read.",
    "unused": "Something is defined and never used.",
    "wrong-operator": "An operator does not go with the fact.",
    "wrong-shape": "A list, mapping or plain value stands where another is expected.",
}
"""Every code a diagnostic may have, with what it means in one line. A module that finds a new kind of mistake adds it."""


class Span(NamedTuple):
    """A stretch of a file: lines and columns count from 1, columns in characters, the end column is one past the last."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


def place(other: Span, here: Span) -> str:
    """Where ``other`` is, told to somebody who looks at ``here``."""
    return f"on line {other.line}" if other.file == here.file else f"in {other.file}:{other.line}"


class Lines:
    """A file's text, with the line and column of every character; lines end with LF, CR or both."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.starts = [0, *(end.end() for end in re.finditer(r"\r\n|\r|\n", text))]

    def number(self, index: int) -> int:
        """The line, counted from 0, of the character at ``index``."""
        return bisect_right(self.starts, index) - 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 0, without its end."""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end].rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        """The place of ``text[start:end]``."""
        first, last = self.number(start), self.number(end)
        return Span(self.file, first + 1, start - self.starts[first] + 1, last + 1, end - self.starts[last] + 1)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake or remark. ``code`` is one of CODES; ``hint`` says what to write instead and may be empty.

    Raises:
        ValueError: the code is not in CODES, or there is no place in a file.
    """

    code: str
    severity: Severity
    message: str
    span: Span
    hint: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unknown diagnostic code {self.code!r}: add it to CODES")
        if not isinstance(self.span, Span) or self.span.line < 1:
            raise ValueError("a diagnostic needs a line of a file")


@dataclass(slots=True)
class Problems:
    """Collects diagnostics while a file is read."""

    _found: dict[Diagnostic, None] = field(default_factory=dict)

    def error(self, code: str, span: Span, message: str, hint: str = "") -> None:
        """The file cannot be used like this."""
        self.add(Diagnostic(code, "error", message, span, hint))

    def warning(self, code: str, span: Span, message: str, hint: str = "") -> None:
        """The file can be used, but probably does not do what was meant."""
        self.add(Diagnostic(code, "warning", message, span, hint))

    def info(self, code: str, span: Span, message: str, hint: str = "") -> None:
        """Good to know; nothing has to change."""
        self.add(Diagnostic(code, "info", message, span, hint))

    def add(self, *diagnostics: Diagnostic) -> None:
        """Takes over diagnostics made elsewhere; the same one twice counts once."""
        self._found.update(dict.fromkeys(diagnostics))

    @property
    def items(self) -> list[Diagnostic]:
        """All of them, each once, by file, line and column."""
        return sorted(self._found, key=lambda found: found.span)

    @property
    def has_errors(self) -> bool:
        """Whether any of them is an error."""
        return any(found.severity == "error" for found in self._found)


OTHER_WORDS = {
    "breached": "missed",
    "comment": "note",
    "labels": "tags",
    "nobody": "missing",
    "owner": "assignee",
    "queue": "group",
    "reporter": "requester",
    "request_type": "form",
    "requestor": "requester",
    "resolved": "solved",
    "sla": "deadline",
    "stalled": "pending",
}
"""Words of other helpdesks for ours."""


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most likely meant by ``word``: other spelling, another tool's word, or a typing mistake."""
    known = list(candidates)
    by_spelling = {_spelled(candidate): candidate for candidate in known}
    spelled = _spelled(word)
    ours = ".".join(OTHER_WORDS.get(part, part) for part in spelled.split("."))
    for guess in (spelled, ours):
        if guess in by_spelling and by_spelling[guess] != word:
            return by_spelling[guess]
    close = difflib.get_close_matches(spelled, by_spelling, n=1, cutoff=0.7)
    return by_spelling[close[0]] if close and by_spelling[close[0]] != word else None


def _spelled(word: str) -> str:
    return re.sub(r"[\s-]+", "_", word.strip().lower())


def plain(style: str, text: str) -> str:  # noqa: ARG001
    """The markup of a caller that wants none."""
    return text


WIDEST = 140
"""Characters of a source line that an excerpt shows; of a longer line, the part around the mistake."""


def excerpt(diagnostic: Diagnostic, source_text: str, markup: Callable[[str, str], str] = plain) -> str:
    """The diagnostic as text: place and message, the source line with the mistake underlined, the hint.

    ``markup(style, text)`` may colour a piece; ``style`` is the severity, ``place``, ``gutter`` or ``hint``.
    """
    span = diagnostic.span
    place = markup("place", f"{span.file}:{span.line}:{span.column}:")
    lines = [f"{place} {markup(diagnostic.severity, diagnostic.severity + ':')} {diagnostic.message}"]
    source = Lines(span.file, source_text)
    gutter = " " * len(str(span.line))
    if span.line <= len(source.starts):
        shown, underline = _underlined(source.line(span.line - 1), span)
        lines.append(f"  {markup('gutter', f'{span.line} |')} {shown}".rstrip())
        lines.append(f"  {markup('gutter', f'{gutter} |')} {underline[0]}{markup(diagnostic.severity, underline[1])}")
    if diagnostic.hint:
        lines.append(f"  {markup('gutter', f'{gutter} =')} {markup('hint', 'hint:')} {diagnostic.hint}")
    return "\n".join(lines)


def _underlined(line: str, span: Span) -> tuple[str, tuple[str, str]]:
    """The part of the line to show, and what goes under it: the gap, then the carets."""
    start = min(span.column - 1, len(line))
    end = min(span.end_column - 1, len(line)) if span.end_line == span.line else len(line.rstrip())
    first = max(0, min(start - WIDEST // 3, len(line) - WIDEST))
    shown = line[first : first + WIDEST]
    gap = "".join("\t" if character == "\t" else " " * _width(character) for character in line[first:start])
    carets = "^" * max(1, sum(_width(character) for character in line[start : min(end, first + WIDEST)]))
    return shown, (gap, carets)


def _width(character: str) -> int:
    """Columns of a terminal that the character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def to_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """The diagnostic as ``check --format json`` shows it."""
    span = diagnostic.span._asdict()
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **span,
        "hint": diagnostic.hint,
    }


def github(diagnostic: Diagnostic) -> str:
    """The diagnostic as a workflow command that GitHub shows beside the changed line.

    Escapes as in GitHub's "Workflow commands for GitHub Actions": ``%``, line ends, and in properties ``:`` and ``,``.
    """
    span = diagnostic.span
    level = {"error": "error", "warning": "warning", "info": "notice"}[diagnostic.severity]
    place = {"file": span.file, "line": span.line, "endLine": span.end_line, "col": span.column}
    if span.end_line == span.line:
        place["endColumn"] = span.end_column
    place["title"] = f"makegood {diagnostic.code}"
    properties = ",".join(f"{name}={_escaped(str(value), inside=True)}" for name, value in place.items())
    message = f"{diagnostic.message} ({diagnostic.hint})" if diagnostic.hint else diagnostic.message
    return f"::{level} {properties}::{_escaped(message)}"


def _escaped(text: str, *, inside: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if inside else text


def sarif(diagnostics: Sequence[Diagnostic], version: str) -> dict[str, Any]:
    """All diagnostics as one SARIF 2.1.0 log (OASIS); ``version`` is makegood's own."""
    codes = sorted({found.code for found in diagnostics})
    driver = {
        "name": "makegood",
        "version": version,
        "rules": [{"id": code, "shortDescription": {"text": CODES[code]}} for code in codes],
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(found) for found in diagnostics],
            }
        ],
    }


def _sarif_result(found: Diagnostic) -> dict[str, Any]:
    span = found.span
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {
        "ruleId": found.code,
        "level": {"error": "error", "warning": "warning", "info": "note"}[found.severity],
        "message": {"text": f"{found.message} ({found.hint})" if found.hint else found.message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": span.file}, "region": region}}],
    }
