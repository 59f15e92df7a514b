"""Jira's wiki markup as plain text: what people wrote, without the signs that only say how it looks.

Version 2 of Jira's interface gives comments and descriptions in this markup ("Text Formatting Notation", jira.atlassian.com).
"""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[{\[!*_+\\]|^\s*(h[1-6]|bq)\. ", re.MULTILINE)
"""Most texts have none of it and need no second look."""
_QUOTED = re.compile(r"\{quote\}(.*?)\{quote\}", re.DOTALL)
_BRACES = re.compile(
    r"(?<!\\)\{(?:(?:color|panel|code|noformat|adf|anchor|expand|/?quote)(?:[:=|][^{}\n]*)?|[-*_+^~]|\?\?)\}"
)
_MENTION = re.compile(r"(?<!\\)\[~(?:accountid:)?([^\[\]\n]+)\]")
_LINK = re.compile(r"(?<!\\)\[(?:([^\[\]|\n]+)\|)?\^?([^\[\]|\n]+)(?:\|[^\[\]\n]*)?\]")
_IMAGE = re.compile(r"(?<![\w!\\])![^\s!|]+(?:\|[^!\n]*)?!(?!\w)")
_HEADING = re.compile(r"^[ \t]*h[1-6]\.[ \t]+", re.MULTILINE)
_BLOCK_QUOTE = re.compile(r"^[ \t]*bq\.[ \t]+", re.MULTILINE)
_STRONG = re.compile(r"(?<![\w\\*_+])([*_+])(?=\S)([^\n*]{0,300}?\S)\1(?![\w*_+])")
_ESCAPED = re.compile(r"\\([-{}\[\]!*_+~^|#?\\])")
_SIGNS = re.compile(r"(\w+://\S+)|([\\{}\[\]!*_+])")
_LINK_TEXT = re.compile(r"\w+://|mailto:")


def plain_text(wiki: str) -> str:
    """The text of a comment or description; quotations become ``>`` lines, links their words, mentions ``@`` and a name."""
    text = wiki.replace("\r\n", "\n").replace("\r", "\n")
    if not _MARKUP.search(text):
        return text
    text = _QUOTED.sub(lambda found: _as_quote(found[1]), text)
    text = _BLOCK_QUOTE.sub("> ", _HEADING.sub("", text))
    text = _IMAGE.sub("", _BRACES.sub("", text))
    text = _LINK.sub(_words_of_link, _MENTION.sub(r"@\1", text))
    text = _STRONG.sub(r"\2", text)
    return _ESCAPED.sub(r"\1", text.replace("\\\\\n", "\n"))


def wiki_text(text: str) -> str:
    """A text as Jira's markup that shows just this; addresses stay links."""
    return _SIGNS.sub(lambda found: found[1] or f"\\{found[2]}", text)


def _as_quote(text: str) -> str:
    return "\n" + "\n".join(f"> {line}" for line in text.strip().split("\n")) + "\n"


def _words_of_link(found: re.Match[str]) -> str:
    """A link's words; brackets that are no link stay as they are."""
    words, target = found[1], found[2]
    if words:
        return str(words)
    return target if _LINK_TEXT.match(target) or found[0].startswith("[^") else found[0]
