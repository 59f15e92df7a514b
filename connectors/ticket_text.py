"""From a mail to what its author newly said: plain text without quotes, signature and phone advertisements."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_MARKER = re.compile(r"\s*makegood ([0-9a-f]{6})\s*")
_DASHES = r"[-_]{2,}\s*"

_HISTORY = re.compile(
    rf"""^\s*(
        {_DASHES}(original\s+message|forwarded\s+message|urspr(ü|ue)ngliche\s+nachricht|weitergeleitete\s+nachricht
          |message\s+d'origine|mensaje\s+original)\s*{_DASHES}
      | _{{10,}}
    )\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
"""A line below which an older mail stands."""

_INTRODUCTION = re.compile(
    r"^\s*(on\s.{5,200}\swrote|am\s.{5,200}\sschrieb(\s.{1,120})?|le\s.{5,200}\sa\sécrit|el\s.{5,200}\sescribió)\s*:\s*$",
    re.IGNORECASE | re.DOTALL,
)
"""What mail programs write above a quotation; it may run over two lines."""

_HEADER = re.compile(r"^\s*\*?(from|von|de):\*?\s.+", re.IGNORECASE)
_SECOND_HEADER = re.compile(r"^\s*\*?(sent|date|to|gesendet|datum|an|envoyé):\*?\s.+", re.IGNORECASE)
_PHONE = re.compile(
    r"^\s*(sent from my \w+.*|sent from (outlook|yahoo|mail|proton).*|get outlook for .*|(von meinem|gesendet von meinem) .*"
    r"|envoyé de mon .*|diese nachricht wurde von meinem .*)$",
    re.IGNORECASE,
)
_SUSPICIOUS = re.compile(
    r"^\s*(>|[-_]{2}|\*?(from|von|de):|(on|am|le|el)\s|sent from|get outlook|von meinem|gesendet von|envoyé de|diese nachricht)",
    re.IGNORECASE | re.MULTILINE,
)
"""How a line begins where one of the above may stand. Most messages have none and need no second look."""

_TAIL = 4
"""How many of the last lines may be a phone's advertisement."""


def newest_text(text: str) -> str:
    """What is new in a message: quotations, their introduction, signature and phone footers removed, ends trimmed.

    Cuts at the first line that begins an older mail (``-----Original Message-----``, a ``From:``/``Sent:`` block,
    ``On ... wrote:``) or a signature (``-- ``), and drops ``>`` lines. An answer written between quoted lines is kept.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    return _tidy(_newest(lines) if _SUSPICIOUS.search(text) else [line.rstrip() for line in lines])


def _newest(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for i, line in enumerate(lines):
        if _ends_here(lines, i):
            break
        if not line.lstrip().startswith(">") and not _introduces(lines, i):
            kept.append(line.rstrip())
    return _without_phone(kept)


def _tidy(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def html_text(html: str) -> str:
    """The readable text of an HTML message; quotations (``blockquote``) become ``>`` lines, style and script vanish."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = "".join(reader.pieces).split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(" ".join(line.split()) for line in lines)).strip()


def marker_of(text: str) -> str | None:
    """The six hex digits in a last line ``makegood 7f3a2c``, which is how notes of ours are recognised."""
    last = text.rstrip().rpartition("\n")[2]
    found = _MARKER.fullmatch(last)
    return found[1] if found else None


def _ends_here(lines: list[str], i: int) -> bool:
    line = lines[i]
    if line.rstrip("\r") in {"--", "-- "} or _HISTORY.match(line):
        return True
    if _HEADER.match(line):
        return any(_SECOND_HEADER.match(later) for later in lines[i + 1 : i + 3])
    return _introduces(lines, i) and not _answers_below(lines[i + 1 :])


def _introduces(lines: list[str], i: int) -> bool:
    """Whether line ``i`` is (the first or second half of) ``On ... wrote:``."""
    pairs = (lines[i : i + 1], lines[i : i + 2], lines[max(0, i - 1) : i + 1])
    return bool(lines[i].strip()) and any(_INTRODUCTION.match("\n".join(p)) for p in pairs)


def _answers_below(lines: list[str]) -> bool:
    """Whether somebody answered between or under the quoted lines of what follows."""
    quoted = [i for i, line in enumerate(lines) if line.lstrip().startswith(">")]
    if not quoted:
        return False
    return any(line.strip() and not line.lstrip().startswith(">") for line in lines[quoted[0] :])


def _without_phone(lines: list[str]) -> list[str]:
    said = [i for i, line in enumerate(lines) if line.strip()][-_TAIL:]
    first = next((i for i in said if _PHONE.match(lines[i])), len(lines))
    return lines[:first]


class _Reader(HTMLParser):
    """Collects text, with line breaks where a browser would show them."""

    _BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote", "table", "ul", "ol", "hr"})
    _SILENT = frozenset({"style", "script", "head", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in self._SILENT
        self._quoted += tag == "blockquote"
        if tag in self._BREAKS:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in self._SILENT))
        self._quoted = max(0, self._quoted - (tag == "blockquote"))
        if tag in self._BREAKS and tag != "br":
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(re.sub(r"\s+", " ", data))

    def _break(self) -> None:
        self.pieces.append("\n> " if self._quoted else "\n")
