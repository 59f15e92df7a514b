"""What is meant where the text is not YAML: the mistake by name, the corrected form, and how to read on behind it.

libyaml stops at the first syntax error. A :class:`Repair` explains it, replaces the smallest entry around it by a mark that
the composer passes over, and so lets the rest of the file be read in the same run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .diagnostics import Lines, Problems

if TYPE_CHECKING:
    import yaml

CUT = "\ue000"
"""Stands for an entry that has been cut out."""

_LONGEST_HINT = 100
_MOST_ROUNDS = 30
_MOST_WORK = 3_000_000

_INDENT_TAB = re.compile(r" *\t")
_COMMENT = re.compile(r"(?<=\S)[ \t]+#+[^\s#].*")
_ENTRY = re.compile(
    r"""(?P<lead>[ ]*(?:-[ ]+)*)(?:(?P<key>"[^"]*"[ ]*|'[^']*'[ ]*|[^\s"'{[#:,-][^:#]*):(?=[ \t]|$)[ \t]*)?(?P<value>.*)"""
)
_ITEM = re.compile(r" {0,2}- |[^\s#-]")
_CLOSERS = re.compile(r"[\s\]},]+$")
_QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')(.*)""")
_GLUED = re.compile(r"\s*(?:- +)*([\w.]+):([^\s:].*)$")


def quoted(text: str) -> str:
    """The text as it must be written so that YAML reads exactly it; of a very long one the beginning."""
    text = text if len(text) <= _LONGEST_HINT else text[:_LONGEST_HINT] + "..."
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


class Mistake(NamedTuple):
    """A syntax error as an admin understands it. ``sure``: it was recognised, so it cannot be the echo of another one."""

    code: str
    start: int
    end: int
    message: str
    hint: str
    sure: bool = True


class _Cut(NamedTuple):
    """Lines that have been replaced (first and last, from 0), and the column of the entry that was."""

    first: int
    last: int
    column: int


class Repair:
    """A file with syntax errors, on its way to being readable. ``lines`` is what to read next; None: it is hopeless."""

    def __init__(self, lines: Lines, problems: Problems) -> None:
        self.lines: Lines | None = lines
        self.original = lines
        self.problems = problems
        self.cuts: list[_Cut] = []
        self.rounds = 0

    def cut(self, error: yaml.MarkedYAMLError, found: Problems) -> None:
        """Reports the error and what had been ``found`` until there, and takes the entry around it out of ``lines``."""
        lines = self.lines or self.original
        mistake = explain(error, lines)
        number = lines.number(mistake.start)
        self.problems.add(*(other for other in found.items if other.span.line != number + 1))
        if not self._echo(number, sure=mistake.sure):
            span = lines.span(mistake.start, mistake.end)
            self.problems.error(mistake.code, span, mistake.message, mistake.hint)
        self.rounds += 1
        if self.rounds > _MOST_ROUNDS or self.rounds * len(lines.text) > _MOST_WORK or _is_json(lines):
            self.lines = None
        else:
            self.lines = _without_tabs(lines) if mistake.code == "tab" else self._without(lines, number)

    def _echo(self, number: int, *, sure: bool) -> bool:
        """Whether an error on this line may only follow from what has been cut out."""
        if any(cut.first <= number <= cut.last for cut in self.cuts):
            return True
        return not sure and any(self._item(cut.first) == self._item(number) for cut in self.cuts)

    def _item(self, number: int) -> int:
        """The line on which the list item or the top-level entry around a line begins."""
        while number > 0 and not _ITEM.match(self.original.line(number)):
            number -= 1
        return number

    def _without(self, lines: Lines, number: int) -> Lines | None:
        """The lines with the entry at this line replaced; where that has been done already, the entry around it."""
        below = min((cut.column for cut in self.cuts if cut.first <= number <= cut.last + 1), default=len(lines.text))
        while number >= 0:
            line = lines.line(number)
            places = [place for place in _places(line) if place < below]
            if places:
                return self._replaced(lines, number, places[-1])
            below = min(below, len(line) - len(line.lstrip())) if line.strip() else below
            number -= 1
        return None

    def _replaced(self, lines: Lines, first: int, column: int) -> Lines:
        line = lines.line(first)
        found = _ENTRY.match(line)
        key = found["key"] if found and found["key"] and len(found["lead"]) == column else f'"{CUT}{first}"'
        begin = "- " if line[column : column + 2] == "- " else f"{key}: "
        last = _last_line(lines, first, column)
        self.cuts.append(_Cut(first, last, column))
        texts = [lines.line(number) for number in range(len(lines.starts))]
        texts[first : last + 1] = [f'{line[:column]}{begin}"{CUT}"', *[""] * (last - first)]
        return Lines(lines.file, "\n".join(texts))


def _is_json(lines: Lines) -> bool:
    return lines.text.lstrip().startswith(("{", "["))


def _without_tabs(lines: Lines) -> Lines | None:
    """The lines with a space for each tab, where that keeps the levels apart: no line may be indented with spaces."""
    if re.search(r"^ ", lines.text, re.MULTILINE):
        return None
    return Lines(lines.file, re.sub(r"^\t+", lambda tabs: " " * len(tabs[0]), lines.text, flags=re.MULTILINE))


def _places(line: str) -> list[int]:
    """The columns at which entries of this line begin: each dash of a list item, then the key, or what should be one."""
    found = _ENTRY.match(line)
    if not found or not line.strip() or line.lstrip().startswith("#"):
        return []
    columns = [index for index, character in enumerate(found["lead"]) if character == "-"]
    return [*columns, len(found["lead"])] if found["key"] or not columns else columns


def _last_line(lines: Lines, first: int, column: int) -> int:
    """The last line of the entry that begins at this line and column."""
    last = first
    is_key = lines.line(first)[column] != "-"
    for number in range(first + 1, len(lines.starts)):
        line = lines.line(number)
        text = line.lstrip()
        indent = len(line) - len(text)
        if (
            indent > column
            or (text and _CLOSERS.match(text))
            or (is_key and indent == column and text.startswith("- "))
        ):
            last = number
        elif text and not text.startswith("#"):
            break
    return last


# --- what it means ----------------------------------------------------------------------------------------------------


def explain(error: yaml.MarkedYAMLError, lines: Lines) -> Mistake:
    """The syntax error in words; its place is where the mistake begins, which may be before where YAML noticed it."""
    at = min(error.problem_mark.index if error.problem_mark else 0, len(lines.text))
    since = error.context_mark.index if error.context_mark else at
    context = error.context or ""
    number = lines.number(at)
    if (tab := _INDENT_TAB.match(lines.line(number))) and "flow" not in context:
        return _tab(lines, number, tab)
    if "quoted scalar" in context:
        return _in_quotes(lines, since, at, error.problem or "")
    if any(word in context for word in ("alias", "anchor", "block scalar", "next token", "tag")):
        return _must_quote(lines, since)
    cut_short = _cut_short(lines, lines.number(since) if "flow" in context else number - 1, number)
    if cut_short:
        return cut_short
    if "flow" in context:
        return _in_brackets(lines, since, at)
    return _in_block(lines, since, at, error)


def _tab(lines: Lines, number: int, tab: re.Match[str]) -> Mistake:
    start = lines.starts[number]
    more = sum(1 for later in range(number + 1, len(lines.starts)) if _INDENT_TAB.match(lines.line(later)))
    also = f", and so {'is 1 more line' if more == 1 else f'are {more} more lines'}" if more else ""
    return Mistake("tab", start, start + tab.end(), f"this line is indented with a tab{also}", "indent with spaces")


def _in_quotes(lines: Lines, since: int, at: int, problem: str) -> Mistake:
    if "end of stream" in problem or "document indicator" in problem:
        return _unclosed(lines, since, at)
    end = min(at + 1, len(lines.text))
    hint = r"in double quotes a backslash starts an escape: write `\\`, or use single quotes"
    return Mistake("syntax", at - 1 if lines.text[at - 1] == "\\" else at, end, "this escape does not exist", hint)


def _unclosed(lines: Lines, start: int, until: int) -> Mistake:
    """A bracket or quote that is still open at ``until``; not sure where something in between has been cut out."""
    number = lines.number(start)
    end = lines.starts[number] + len(lines.line(number).rstrip())
    opened = lines.text[start]
    closing = {"[": "]", "{": "}"}.get(opened, opened)
    message = f"this `{opened}` is never closed" if opened in "[{" else "this quote is never closed"
    return Mistake(
        "unclosed",
        start,
        max(end, start + 1),
        message,
        f"put `{closing}` at its end",
        sure=CUT not in lines.text[start:until],
    )


def _must_quote(lines: Lines, start: int) -> Mistake:
    end = _value_end(lines, start)
    value = lines.text[start:end]
    first = "a backtick" if value[:1] == "`" else f"`{value[:1]}`"
    return Mistake(
        "must-quote", start, end, f"a value that starts with {first} needs quotes", f"write `{quoted(value)}`"
    )


def _value_end(lines: Lines, start: int) -> int:
    """Where the value that starts here was meant to end: inside brackets before the next comma, else with the line."""
    number = lines.number(start)
    line, column = lines.line(number), start - lines.starts[number]
    before = line[:column]
    inside = any(before.count(opening) > before.count(closing) for opening, closing in ("[]", "{}"))
    stop = re.compile(r"[,\]}]|\s#" if inside else r"\s#(?=\s)").search(line, column + 1)
    return start + len(line[column : stop.start() if stop else len(line)].rstrip())


def _cut_short(lines: Lines, first: int, last: int) -> Mistake | None:
    """A ` #...` in these lines that YAML took for a comment, together with all that should have followed it."""
    for number in range(max(first, 0), last + 1):
        comment = _COMMENT.search(lines.line(number))
        entry = _ENTRY.match(lines.line(number))
        if comment and entry and not _inside_quotes(lines.line(number), comment.start()):
            start = entry.start("value") if entry.start("value") < comment.start() else comment.start()
            start, end = lines.starts[number] + start, lines.starts[number] + len(lines.line(number).rstrip())
            hint = "put quotes around the text with the `#` in it, or a space behind `#` if it is a comment"
            return Mistake("comment-in-text", start, end, "YAML ends this line before the `#`", hint)
    return None


def _inside_quotes(line: str, column: int) -> bool:
    before = line[:column]
    return before.count('"') % 2 == 1 or bool(re.search(r"(^|[\s\[{,])'[^']*$", before))


def _in_brackets(lines: Lines, since: int, at: int) -> Mistake:
    text = lines.text
    if lines.number(since) != lines.number(at) or at >= len(text):
        opening = (
            since if text[since : since + 1] in ("[", "{") else max(text.rfind("[", 0, at), text.rfind("{", 0, at), 0)
        )
        return _unclosed(lines, opening, at)
    if text[at] == ",":
        return Mistake(
            "syntax", at, at + 1, "nothing stands before this comma", "delete the comma, or write what is missing"
        )
    if text[at - 1] in "\"'" and text[at] not in ":":
        return Mistake(
            "syntax",
            at,
            _value_end(lines, at),
            "text goes on behind the closing quote",
            "put one pair of quotes around all of it",
        )
    start = max(text.rfind(mark, since, at) for mark in (",", "[", "{", ": ")) + 1
    start += len(text[start:at]) - len(text[start:at].lstrip())
    end = _value_end(lines, at)
    if text[at] == ":" and start < at:
        hint = f"write `{quoted(text[start:end])}`"
        return Mistake("must-quote", start, end, "a value with a colon in it needs quotes inside brackets", hint)
    return Mistake(
        "syntax",
        at,
        end,
        "a comma or a closing bracket is missing before this",
        "check commas, brackets and quotes",
        sure=False,
    )


def _in_block(lines: Lines, since: int, at: int, error: yaml.MarkedYAMLError) -> Mistake:
    number = lines.number(at)
    problem = error.problem or ""
    if "expected ':'" in problem:
        return _no_colon(lines, since)
    quote = _open_quote_above(lines, number)
    if quote is not None:
        return _unclosed(lines, quote, at)
    entry = _ENTRY.match(lines.line(number))
    start = lines.starts[number] + (entry.start("value") if entry and entry["value"] else 0)
    if start <= at and entry and entry["value"]:
        found = _in_value(lines, start, at, problem)
        if found:
            return found
    return _misplaced(lines, number, problem)


def _in_value(lines: Lines, start: int, at: int, problem: str) -> Mistake | None:
    """What is wrong with the value that starts here, where YAML stumbled at or behind its start."""
    end = _value_end(lines, start)
    value = lines.text[start:end]
    needs_quotes = Mistake("must-quote", start, end, "", f"write `{quoted(value)}`")
    if "not allowed" in problem and value.startswith(("- ", "? ")):
        return Mistake(
            "syntax",
            start,
            end,
            f"`{value[0]}` cannot stand here",
            "begin a list on a line of its own, or write `[a, b]`",
        )
    if value[0] in "[{" and at > start:
        if lines.text[at : at + 1] in ("]", "}"):
            return Mistake("syntax", at, at + 1, f"there is one `{lines.text[at]}` too many", "delete it")
        return needs_quotes._replace(message=f"a value that starts with `{value[0]}` needs quotes")
    if value[0] in "\"'" and at > start:
        inner = value[1:-1] if value[-1] == value[0] else value
        hint = f"write `{quoted(inner)}`"
        return Mistake("syntax", start, end, "text goes on behind the closing quote", hint)
    if "mapping values" in problem and at > start:
        return needs_quotes._replace(message="a value with `: ` in it needs quotes")
    return None


def _no_colon(lines: Lines, since: int) -> Mistake:
    number = lines.number(since)
    line = lines.line(number)
    glued = _GLUED.match(line)
    hint = f"write `{glued[1]}: {glued[2]}`, with a space behind the colon" if glued else "write it as `key: value`"
    end = lines.starts[number] + len(line.rstrip())
    return Mistake("syntax", since, max(end, since + 1), "this line is not `key: value`", hint)


def _open_quote_above(lines: Lines, number: int) -> int | None:
    """Where a value of an earlier entry begins with a quote that its own line does not close."""
    for above in range(number - 1, max(number - 20, -1), -1):
        entry = _ENTRY.match(lines.line(above))
        if entry and entry["key"] and entry["value"]:
            value = entry["value"]
            return (
                lines.starts[above] + entry.start("value") if value[0] in "\"'" and not _QUOTED.match(value) else None
            )
    return None


def _misplaced(lines: Lines, number: int, problem: str) -> Mistake:
    line = lines.line(number)
    start = lines.starts[number] + len(line) - len(line.lstrip())
    end = max(lines.starts[number] + len(line.rstrip()), start + 1)
    if line.strip():
        hint = "entries of one mapping or list start in the same column"
        return Mistake(
            "syntax", start, end, "this line does not fit in here", f"check its indentation: {hint}", sure=False
        )
    return Mistake("syntax", start, end, f"this is not YAML: {problem}", "check the lines above", sure=False)
