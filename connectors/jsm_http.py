"""How Jira is spoken to: the jira library builds the session and its login, everything else about a call is decided here.

The library (3.10.5) re-sends writes after a dropped connection, cuts long waits short, and writes whole answers into its errors.
So its retries are off, an answer of 400 or more leaves it before it looks at it, and addresses are put together here: scoped tokens
need the gateway's path in every one of them, and the library's own resources lose it.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from jira import JIRA

from .base import AuthFailed, Rejected, Retryable
from .jsm_limits import Limits
from .transport import Invalid, Transport, Unsure, answered, bare, header_time, told

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    import requests

    from .base import ConnectorError

Row = dict[str, Any]

API = "rest/api/2"
"""Version 2 on both faces: texts are wiki markup there, on Cloud's newer one they are documents."""
DESK = "rest/servicedeskapi"
EXPERIMENTAL = {"X-ExperimentalApi": "opt-in"}
_PAGE = 50
"""Rows that every list of Jira gives at once; some give more."""
_MOST_PAGES = 10_000
_LOGIN = "X-Seraph-LoginReason"


class _Refusal(Exception):
    """Carries an answer of 400 or more past the library."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


def _refuse(answer: requests.Response, **_: Any) -> None:
    if answer.status_code >= 400:
        raise _Refusal(answer)


class Http(Transport):
    """One Jira site, entered with ``account`` (e-mail and API token, Cloud) or ``token`` alone (a personal access token).

    ``headroom`` is the share of Data Center's limit that is left to others. ``sleep``, ``clock`` and ``jitter`` are for tests
    that do not wait.
    """

    attempts = 4
    """Atlassian's advice is to try again four times at most."""

    def __init__(
        self,
        site: str,
        *,
        now: Callable[[], datetime],
        account: tuple[str, str] | None = None,
        token: str | None = None,
        headroom: float = 0.5,
        timeout: tuple[float, float] = (10.0, 120.0),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(site, now=now, extra="jira", timeout=timeout, sleep=sleep, clock=clock, jitter=jitter)
        self.limits = Limits(headroom, clock, now, sleep)
        self.desk_time: datetime | None = None
        client = JIRA(
            options={"server": site.rstrip("/"), "check_update": False},
            basic_auth=account,
            token_auth=None if account else token,
            timeout=timeout,
            max_retries=0,
            logging=False,
            get_server_info=False,
        )
        self._session = client._session  # noqa: SLF001
        self._session.hooks["response"].append(_refuse)

    def json(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The answer to a read.

        Raises:
            Rejected: something else than JSON answered, a login page for example.
        """
        return answered(self.get(path, params))

    def ask(self, path: str, body: object) -> Row:  # type: ignore[override]  # Jira's questions have no parameters
        """The answer to a read whose question is posted as JSON."""
        return self._object(answered(self._patiently("POST", path, (), write=False, json=body)), path)

    def object(self, path: str, params: Mapping[str, str] | None = None) -> Row:
        """The answer to a read that is an object."""
        return self._object(self.json(path, params), path)

    def maybe(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        also: Collection[int] = (403, 404),
        headers: Mapping[str, str] | None = None,
    ) -> Row | None:
        """An object, or ``None`` where it is not there or not for us."""
        answer = self._patiently("GET", path, also, write=False, params=params, headers=headers)
        return None if answer.status_code >= 300 else self._object(answered(answer), path)

    def rows(self, path: str, params: Mapping[str, str] | None = None) -> list[Row]:
        """All rows of a list: whole, in pages of ``startAt`` and ``total``, or in pages of ``start`` and ``isLastPage``."""
        return list(self._rows(path, dict(params or {})))

    def _rows(self, path: str, params: dict[str, str]) -> Iterator[Row]:
        desk = path.startswith(DESK)
        seen, here, size = 0, "start" if desk else "startAt", "limit" if desk else "maxResults"
        for _ in range(_MOST_PAGES):
            page = self.json(path, {size: str(_PAGE), **params, here: str(seen)})
            found = page if isinstance(page, list) else page.get("values") or []
            yield from found
            seen += len(found)
            if isinstance(page, list) or not found or page.get("isLastPage", page.get("isLast")):
                return
            if "total" in page and seen >= int(page["total"]):
                return

    def _object(self, said: Any, path: str) -> Row:
        if not isinstance(said, dict):
            raise Rejected(f"{self.base_url}{path}: the answer is not what Jira says", hint="check base_url")
        return said

    # --- what Transport asks for ----------------------------------------------------------------------------------------

    def _hold(self, method: str, path: str) -> None:  # noqa: ARG002
        self.limits.hold()

    def _send(self, method: str, url: str, **said: Any) -> requests.Response:
        said.pop("timeout", None)  # the session has it already, and the library takes it from nobody else
        more = {name: value for name, value in said.items() if value is not None}
        try:
            found: requests.Response = self._session.request(method, url, **more)
        except _Refusal as refused:
            return refused.answer
        return found

    def _learn(self, method: str, path: str, answer: requests.Response) -> None:  # noqa: ARG002
        self.limits.learn(answer.headers)
        self.desk_time = header_time(answer.headers.get("Date")) or self.desk_time
        reason = answer.headers.get(_LOGIN, "")
        if "AUTHENTICATED_FAILED" in reason:
            hint = "Jira took us for nobody: check email and token in makegood.toml, and whether the token has expired"
            raise AuthFailed(f"{bare(answer.url)}: Jira does not accept the account or token", hint=hint)
        if "AUTHENTICATION_DENIED" in reason:
            hint = "log in with this account in a browser once: after several failures Jira asks for a captcha"
            raise AuthFailed(f"{bare(answer.url)}: Jira has locked the account out", hint=hint)

    def _words(self, answer: requests.Response) -> str:
        return said_by(answer)

    def _refused(self, answer: requests.Response, url: str, *, write: bool) -> ConnectorError:
        error = super()._refused(answer, url, write=write)
        if answer.status_code == 429 and isinstance(error, Retryable):
            error.after = self.limits.asked(answer.headers)
        if answer.status_code == 503 and write:  # Data Center says Retry-After: 0 with every answer, whatever was done
            return Unsure(error.message, hint=error.hint)
        details = _blamed(answer) if answer.status_code in (400, 422) else {}
        if not details:
            return error
        said = "; ".join(dict.fromkeys(details.values()))
        return Invalid(f"{bare(url)}: Jira refused it (HTTP {answer.status_code}): {said}", details, hint=error.hint)


def said_by(answer: requests.Response) -> str:
    """Jira's own words in a refusal; it has three shapes of them."""
    try:
        said = answer.json()
    except ValueError:
        return ""
    if not isinstance(said, dict):
        return ""
    texts = [*(said.get("errorMessages") or ()), *(_blamed(answer).values())]
    return "; ".join(str(text) for text in texts if text)[:300] or told(answer, "errorMessage", "message")


def _blamed(answer: requests.Response) -> dict[str, str]:
    try:
        errors = answer.json().get("errors")
    except (ValueError, AttributeError):
        return {}
    return {str(name): str(why) for name, why in errors.items()} if isinstance(errors, dict) else {}
