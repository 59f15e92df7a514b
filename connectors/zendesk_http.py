"""How Zendesk is spoken to: zenpy carries the calls, everything else about them is decided here.

zenpy (2.0.57) re-sends writes whose answer was late, sleeps for ever on 429, and keeps tickets in a cache that is not safe
between threads. So it gets a session that retries nothing, never sees a refusal, and only moves raw answers; each connector has a
client of its own. The token comes by OAuth client credentials, is asked for with its lifetime, and renewed before it ends or when
the desk stops taking it; API tokens still work until Zendesk ends them.
"""

from __future__ import annotations

import random
import time
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import HTTPAdapter
from zenpy import Zenpy
from zenpy.lib.exception import APIException, ZenpyException

from .base import AuthFailed, Conflict, Rejected, Retryable
from .transport import Invalid, Transport, answered, failure, header_time, refusal, retry_after, told
from .zendesk_limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .base import ConnectorError

Row = dict[str, Any]

API_TOKENS_END = date(2027, 4, 30)
"""The day on which Zendesk stops taking API tokens (developer.zendesk.com, "Migrating from API tokens to OAuth access tokens")."""

SCOPE = "read write"
LIFETIME = timedelta(hours=2)
"""How long a token is asked to live (300 seconds to two days are allowed): without asking, no answer says how long it does."""
_MARGIN = timedelta(minutes=1)
_PATIENCE = 5
"""Pages in a row that may bring nothing and stand still."""


class _Refusal(Exception):
    """Carries an answer of 300 or more past zenpy, which would sleep on it or dress it up."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


class Http(Transport):
    """One Zendesk account at ``site``, entered with ``client`` (OAuth id and secret) or ``account`` (e-mail and API token).

    ``headroom`` is the share of the desk's limits that is left to people and other programs. ``sleep``, ``clock`` and
    ``jitter`` are for tests that do not wait.
    """

    def __init__(
        self,
        site: str,
        *,
        now: Callable[[], datetime],
        client: tuple[str, str] | None = None,
        account: tuple[str, str] | None = None,
        headroom: float = 0.5,
        timeout: tuple[float, float] = (10.0, 120.0),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(
            f"{site}/api/v2", now=now, extra="zendesk", timeout=timeout, sleep=sleep, clock=clock, jitter=jitter
        )
        self.limits = Limits(headroom, clock=clock, sleep=sleep)
        self.desk_time: datetime | None = None
        self._site = site
        self._client = client
        self._token_ends: datetime | None = None
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=0))
        if account:
            self._session.auth = (f"{account[0]}/token", account[1])
        self._zenpy = Zenpy(subdomain="any", session=self._session, anonymous=True, disable_cache=True, timeout=timeout)

    def json(self, path: str, params: Mapping[str, str] | None = None) -> Row:
        """The answer to a read, an object.

        Raises:
            Rejected: something else than JSON answered, a login page for example.
        """
        said = answered(self.get(path, params))
        if not isinstance(said, dict):
            raise Rejected(f"{self.base_url}{path}: the answer is not what Zendesk says", hint="check base_url")
        return said

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[Row]:
        """A list in pages of a hundred, by cursor; a page may be empty before the last one."""
        asked = {"page[size]": "100", **(params or {})}
        return self.following(path, self.json(path, asked), asked)

    def following(self, path: str, page: Row, params: Mapping[str, str] | None = None) -> Iterator[Row]:
        """A page and those after it, by cursor or, where a list knows none, by number.

        They end where the desk says so, never because a page is empty or names itself as the next.
        """
        asked = {"page[size]": "100", **(params or {})}
        stuck = 0
        while True:
            yield page
            after = _after(page)
            if not after:
                return
            stuck = stood_still(path, stuck, moved=not after.items() <= asked.items())
            asked |= after
            page = self.json(path, asked)

    def rows(self, path: str, name: str, params: Mapping[str, str] | None = None) -> list[Row]:
        """All rows of a list called ``name``."""
        return [row for page in self.pages(path, params) for row in page.get(name) or []]

    # --- what Transport asks for ----------------------------------------------------------------------------------------

    def _hold(self, method: str, path: str) -> None:
        self.limits.hold(method, path)

    def _send(self, method: str, url: str, **said: Any) -> requests.Response:
        if self._client and not self._fresh():
            self._renew()
        answer = self._through_zenpy(method, url, **said)
        if answer.status_code == 401 and self._client:
            self._renew()
            self.calls += 1
            answer = self._through_zenpy(method, url, **said)
        return answer

    def _through_zenpy(self, method: str, url: str, **said: Any) -> requests.Response:
        def once(address: str, **more: Any) -> requests.Response:
            answer = self._session.request(method, address, **more)
            if answer.status_code >= 300:
                raise _Refusal(answer)
            return answer

        try:
            found: requests.Response = self._zenpy.tickets._call_api(once, url, **said)  # noqa: SLF001
        except _Refusal as refused:
            return refused.answer
        except (APIException, ZenpyException) as error:
            raise requests.RequestException(str(error)) from None
        return found

    def _learn(self, method: str, path: str, answer: requests.Response) -> None:
        self.limits.learn(method, path, answer.headers)
        self.desk_time = header_time(answer.headers.get("Date"))

    def _words(self, answer: requests.Response) -> str:
        return told(answer, "description", "error_description", "message", "error")

    def _refused(self, answer: requests.Response, url: str, *, write: bool) -> ConnectorError:
        error = super()._refused(answer, url, write=write)
        if isinstance(error, Conflict) and told(answer, "error") == "DatabaseConflict":
            return Retryable(error.message, hint="Zendesk was busy with it; try again later")
        details = _details(answer) if answer.status_code == 422 else {}
        if not details:
            return error
        said = "; ".join(dict.fromkeys(details.values()))
        return Invalid(f"{url}: Zendesk refused it (HTTP 422): {said}", details, hint=error.hint)

    # --- the token ------------------------------------------------------------------------------------------------------

    def _fresh(self) -> bool:
        return self._token_ends is not None and self._now() < self._token_ends - _MARGIN

    def _renew(self) -> None:
        """Asks for a token and uses it from now on. Raises what went wrong, as any call does."""
        assert self._client is not None  # noqa: S101
        url, (client, secret) = f"{self._site}/oauth/tokens", self._client
        asked = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": secret,
            "scope": SCOPE,
            "expires_in": int(LIFETIME.total_seconds()),
        }
        self.calls += 1
        try:
            answer = self._session.post(
                url, json=asked, timeout=self._timeout, allow_redirects=False, headers={"Authorization": None}
            )
            said = answer.json() if answer.status_code < 300 else {}
        except (requests.RequestException, ValueError, OSError) as error:
            raise failure(error, url) from None
        if answer.status_code >= 300 or not said.get("access_token"):
            raise self._no_token(answer, url)
        lives = timedelta(seconds=float(said.get("expires_in") or LIFETIME.total_seconds()))
        self._token_ends = self._now() + lives
        self._session.headers["Authorization"] = f"Bearer {said['access_token']}"

    def _no_token(self, answer: requests.Response, url: str) -> ConnectorError:
        after, words = retry_after(answer.headers.get("Retry-After"), self._now()), self._words(answer)
        error = refusal(answer.status_code, url, write=False, words=words, after=after)
        if isinstance(error, Retryable):
            return error
        hint = (
            "check client_id and client_secret, and that the OAuth client is of the kind confidential with the client "
            "credentials grant: docs/zendesk.md"
        )
        return AuthFailed(error.message, hint=hint)


def stood_still(path: str, before: int, *, moved: bool) -> int:
    """How often in a row a list or an export stood still.

    Raises:
        Retryable: it does not move on; what was stored stays, and the next pull goes on from there.
    """
    if not moved and before + 1 >= _PATIENCE:
        raise Retryable(f"{path}: Zendesk says that more follows and does not move on", hint="try again later")
    return 0 if moved else before + 1


def _after(page: Row) -> dict[str, str]:
    """What names the page after this one; empty where it is the last."""
    meta = page.get("meta") or {}
    if meta.get("has_more"):
        return {"page[after]": str(meta.get("after_cursor") or "")}
    number = parse_qs(urlsplit(str(page.get("next_page") or "")).query).get("page")
    return {"page": number[0]} if number and not meta else {}


def _details(answer: requests.Response) -> dict[str, str]:
    """What Zendesk blames for a 422, with its words."""
    try:
        details = answer.json().get("details")
    except (ValueError, AttributeError):
        return {}
    if not isinstance(details, dict):
        return {}
    return {str(name): _said(blamed) for name, blamed in details.items()}


def _said(blamed: Any) -> str:
    entries = blamed if isinstance(blamed, list) else [blamed]
    rows = (each if isinstance(each, dict) else {"description": each} for each in entries)
    texts = (str(row.get("description") or row.get("error") or "") for row in rows)
    return "; ".join(text for text in texts if text)
