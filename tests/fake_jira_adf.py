"""Texts as version 3 of the API has them: Atlassian's document format, made from plain text and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fake_jira_people import Row


def document(text: str | None) -> Row | None:
    """A text as a document: a blank line parts paragraphs."""
    if text is None:
        return None
    return {"type": "doc", "version": 1, "content": [_paragraph(part) for part in text.split("\n\n")]}


def _paragraph(text: str) -> Row:
    content: list[Row] = []
    for line in text.split("\n"):
        if content:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}


def is_document(said: Any) -> bool:
    return isinstance(said, dict) and said.get("type") == "doc" and isinstance(said.get("content"), list)


def plain(node: Row) -> str:
    """The text of a document."""
    if node["type"] == "text":
        return str(node["text"])
    if node["type"] == "hardBreak":
        return "\n"
    between = "\n\n" if node["type"] == "doc" else "\n" if node["type"].endswith("List") else ""
    return between.join(plain(each) for each in node.get("content", ()))
