"""What comes in to the fake Jira and what every answer is made of: requests, refusals, pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fake_jira_people import Row

Answer = tuple[int, Any, dict[str, str]]

READING_POSTS = frozenset(
    {"search/jql", "search", "search/approximate-count", "issue/bulkfetch", "changelog/bulkfetch", "comment/list"}
)
NO_ISSUE = "Issue does not exist or you do not have permission to see it."


@dataclass
class Asked:
    """One request as it came in: ``base`` is what stood before ``/rest/``, ``path`` what came behind ``api/{version}/``.

    ``twist`` makes a page wrong, ``drops`` are fields that a write shall lose.
    """

    method: str
    path: str
    params: dict[str, str]
    body: Any
    headers: dict[str, str]
    base: str = ""
    version: str = "2"
    user: str | None = None
    twist: str = ""
    drops: frozenset[str] = frozenset()

    @property
    def write(self) -> bool:
        return self.method != "GET" and self.path not in READING_POSTS


class Refused(Exception):
    """An answer that is no good news: the status and the body."""

    def __init__(self, status: int, body: Row) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


def listed(*messages: str) -> Row:
    """The platform's shape of an error that blames no field."""
    return {"errorMessages": list(messages), "errors": {}}


def blamed(errors: dict[str, str]) -> Row:
    """The platform's shape of errors that blame fields."""
    return {"errorMessages": [], "errors": errors}


def desk_error(message: str) -> Row:
    """Service management's shape of an error."""
    return {"errorMessage": message, "i18nErrorMessage": {"i18nKey": "sd.made.up", "parameters": []}}


def gone() -> Answer:
    """A path that this face of Jira does not have."""
    return 404, b"", {}


def said_in(asked: Asked) -> Row:
    """What was asked for, in the query or in the body."""
    found: Row = asked.params if asked.method == "GET" else asked.body
    return found


def many(said: Any) -> list[str]:
    """A list, however it was written: with commas, or as a list."""
    if isinstance(said, list):
        return [str(each) for each in said]
    return [each.strip() for each in str(said).split(",") if each.strip()] if said else []


def number(said: Any, otherwise: int) -> int:
    return otherwise if said in (None, "") else int(said)


def paged(asked: Asked, rows: Sequence[Any], most: int, otherwise: int = 50) -> Row:
    """A page of the platform: startAt, maxResults, total, isLast."""
    start, size = number(asked.params.get("startAt"), 0), min(number(asked.params.get("maxResults"), otherwise), most)
    end = start + size
    return {
        "startAt": start,
        "maxResults": size,
        "total": len(rows),
        "isLast": end >= len(rows),
        "values": list(rows[start:end]),
    }


def desk_paged(asked: Asked, rows: Sequence[Any], site: str) -> Row:
    """A page of service management: start, limit, size, isLastPage; never more than fifty (a hundred if asked for)."""
    start, limit = number(asked.params.get("start"), 0), min(number(asked.params.get("limit"), 50), 100)
    page, last = list(rows[start : start + limit]), start + limit >= len(rows)
    here = f"{site}/rest/{asked.path}"
    links = {"base": site, "context": "", "self": here}
    links |= {} if last else {"next": f"{here}?start={start + limit}&limit={limit}"}
    return {
        "_expands": [],
        "size": len(page),
        "start": start,
        "limit": limit,
        "isLastPage": last,
        "_links": links,
        "values": page,
    }
