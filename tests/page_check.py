"""What every page of ours must be: valid, whole in one file, safe, and readable with eyes, ears or keyboard."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import html5lib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

ROOM = 1_000_000
SCHEMES = re.compile(r"--([\w-]+):\s*(#[0-9a-fA-F]{3,6})")
TEXTS = ("ink", "soft", "accent", "good", "bad", "warn")
GROUNDS = ("paper", "card", "wash")
DRAWN = ("good", "bad", "fair", "plain", "other")


def parsed(text: str) -> Element:
    """The page's elements; a mistake in the HTML fails the test."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(text)


def tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def every(root: Element, *names: str) -> list[Element]:
    return [element for element in root.iter() if tag(element) in names]


def words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def faults(text: str) -> list[str]:
    """Everything that is wrong with a page; empty: nothing."""
    root = parsed(text)
    checks = (_whole, _safe, _headings, _names, _ids, _tables, _fields)
    found = [fault for check in checks for fault in check(root)]
    found += [f"{len(text):,} bytes"] * (len(text.encode()) > ROOM)
    found += ["something is fetched from a style"] * bool(re.search(r"url\s*\(|@import", text))
    return found + list(_outside(root, text))


def _outside(root: Element, text: str) -> Iterator[str]:
    """Addresses stand in links that a reader may follow, and nowhere else."""
    linked = [element.get("href", "") for element in every(root, "a") if "://" in element.get("href", "")]
    yield from (f"a link to {each}" for each in linked if not each.startswith(("https://", "http://")))
    shown = sum(words(element).count("://") for element in every(root, "body"))
    if len(re.findall(r"https?://", text)) > len(linked) + shown:
        yield "an address outside of links"
    for element in root.iter():
        if tag(element) in ("link", "iframe", "object", "embed", "base", "image", "audio", "video"):
            yield f"<{tag(element)}>"
        yield from (f"{name}=" for name in element.attrib if name in ("src", "srcset", "action", "formaction", "data"))


def _whole(root: Element) -> Iterator[str]:
    if not root.get("lang"):
        yield "no language"
    if not any(words(element) for element in every(root, "title")[:1]):
        yield "no title"
    for name in ("header", "main", "footer"):
        if len(every(root, name)) != 1:
            yield f"not one <{name}>"
    metas = {element.get("name"): element.get("content") for element in every(root, "meta")}
    if "width=device-width" not in metas.get("viewport", ""):
        yield "no viewport"


def _safe(root: Element) -> Iterator[str]:
    for element in root.iter():
        yield from (f"{tag(element)} {name}" for name in element.attrib if name.lower().startswith("on"))
        if element.get("href", "").lower().startswith(("javascript:", "data:")):
            yield f"href={element.get('href')}"


def _headings(root: Element) -> Iterator[str]:
    levels = [int(tag(element)[1]) for element in every(root, "h1", "h2", "h3", "h4", "h5", "h6")]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield f"not one h1, and first: {levels}"
    yield from (f"h{two} after h{one}" for one, two in pairwise(levels) if two > one + 1)
    yield from ("an empty heading" for element in every(root, "h1", "h2", "h3") if not words(element))


def _names(root: Element) -> Iterator[str]:
    """Pictures have a name and a description, in words."""
    byid = {element.get("id"): element for element in root.iter() if element.get("id")}
    for picture in every(root, "svg"):
        names = picture.get("aria-labelledby", "").split()
        said = [words(byid[name]) for name in names if name in byid]
        if picture.get("role") != "img" or len(said) != 2 or not all(said):
            yield f"a picture without a name: {names}"
    yield from ("an image without alt" for element in every(root, "img") if not element.get("alt"))
    yield from ("a link without words" for element in every(root, "a") if not words(element))


def _ids(root: Element) -> Iterator[str]:
    counted = Counter(element.get("id") for element in root.iter() if element.get("id"))
    yield from (f"id {name} {count} times" for name, count in counted.items() if count > 1)
    for element in root.iter():
        asked = [*element.get("aria-labelledby", "").split(), *element.get("aria-describedby", "").split()]
        href = element.get("href", "")
        asked += [href[1:]] if href.startswith("#") else []
        yield from (f"no id {name}" for name in asked if name not in counted)


def _tables(root: Element) -> Iterator[str]:
    for table in every(root, "table"):
        caption = [words(element) for element in every(table, "caption")]
        if not any(caption):
            yield "a table without a caption"
        (head, *others) = every(table, "thead") or [None]
        columns = every(head, "th") if head is not None else []
        if others or not columns or any(each.get("scope") != "col" or not words(each) for each in columns):
            yield f"{caption}: columns without headings"
        for body in every(table, "tbody"):
            for row in every(body, "tr"):
                if len(list(row)) != len(columns):
                    yield f"{caption}: {len(list(row))} cells under {len(columns)} headings"
                yield from (f"{caption}: a th without scope" for each in every(row, "th") if each.get("scope") != "row")


def _fields(root: Element) -> Iterator[str]:
    labelled = {id(field) for label in every(root, "label") if words(label) for field in every(label, "input")}
    yield from ("a field without a label" for field in every(root, "input") if id(field) not in labelled)


# --- colours ------------------------------------------------------------------------------------------------------------


def schemes(text: str) -> list[dict[str, str]]:
    """The colours of the light page and of the dark one."""
    light, _, dark = text.partition("prefers-color-scheme: dark")
    found = dict(SCHEMES.findall(light))
    return [found, found | dict(SCHEMES.findall(dark.partition("@media")[0]))]


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def dull(text: str) -> list[Any]:
    """Pairs of colours that are too much alike: texts under 4.5 : 1, drawings under 3 : 1."""
    pairs = [(f"{text}", ground, 4.5) for text in TEXTS for ground in GROUNDS]
    pairs += [("warn", "warn-wash", 4.5), ("ink", "warn-wash", 4.5), ("loud", "loud-wash", 4.5), ("card", "loud", 4.5)]
    pairs += [(f"chart-{name}", "card", 3.0) for name in DRAWN]
    return [
        (number, one, other, round(contrast(scheme[one], scheme[other]), 2))
        for number, scheme in enumerate(schemes(text))
        for one, other, least in pairs
        if contrast(scheme[one], scheme[other]) < least
    ]
