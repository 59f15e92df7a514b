"""How a connector talks HTTP: patience, pace, call count, and one map from every way it can fail to the error tree.

Reads are tried again with growing, jittered pauses. A write is only tried again when it surely did not arrive (the
connection was refused, or the desk answered 429, or 503 with ``Retry-After``); otherwise its fate is unknown and
:class:`Unsure` says so. Nothing here ever puts a header, a password or a token into a message.
"""

from __future__ import annotations

import gc
import random
import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from .base import AuthFailed, Conflict, ConnectorError, Gone, Rejected, Retryable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime
    from types import ModuleType

    import requests
    from tenacity import RetryCallState

ATTEMPTS = 5
KNOCKS = 2
"""Attempts where the host is not even reached: whoever mistyped its name should not wait for long."""
LONGEST_WAIT = 120.0
"""Seconds: a desk that wants a longer pause than this gets it from the next run instead."""


class Unsure(Retryable):
    """A write that may or may not have arrived: look before anything is sent again.

    ``late``: the desk may still be at work on it, so that even a look tells nothing for sure.
    """

    late = False


class Invalid(Rejected):
    """A write that the desk finds invalid; ``details`` maps what it blames, by the desk's own names, to its words."""

    def __init__(self, message: str, details: Mapping[str, str], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.details = details


class Late(Retryable):
    """No answer in time: the desk may still be at work on it."""


class Unreachable(Retryable):
    """The request never left: a write may be sent again."""


Failure = tuple[type[ConnectorError], str, str]

_CHECK_URL = "check base_url in makegood.toml"
_DOWN: Failure = (Retryable, "the connection failed", "is the helpdesk up, and the network between you and it?")
_SLOW: Failure = (
    Late,
    "no answer in time",
    "the helpdesk is slow or a firewall swallows the call; try again later",
)
_CUT: Failure = (Retryable, "the answer was cut off", "try again; if it stays, look at the proxy in between")
_BAD_URL: Failure = (Rejected, "this is not a web address", _CHECK_URL)
_BAD_PROXY: Failure = (Retryable, "the proxy failed", "check HTTPS_PROXY and NO_PROXY in the environment")
_NOT_JSON: Failure = (Rejected, "the answer is not JSON", f"{_CHECK_URL}: a login or error page may have answered")
_OUR_CALL: Failure = (
    Rejected,
    "the request could not be put together",
    "check base_url, account and token for odd characters",
)

FAILURES: Mapping[str, Failure] = {
    "RequestException": _DOWN,
    "ConnectionError": _DOWN,
    "ConnectTimeout": (Unreachable, *_SLOW[1:]),
    "Timeout": _SLOW,
    "ReadTimeout": _SLOW,
    "ChunkedEncodingError": _CUT,
    "ContentDecodingError": _CUT,
    "StreamConsumedError": _CUT,
    "RetryError": _DOWN,
    "HTTPError": _DOWN,
    "ProxyError": _BAD_PROXY,
    "SSLError": (
        AuthFailed,
        "the secure connection (TLS) was refused",
        "the certificate is unknown or has expired (REQUESTS_CA_BUNDLE names a file of your own), or this is plain http",
    ),
    "TooManyRedirects": (Rejected, "it redirects in a circle", _CHECK_URL),
    "URLRequired": _BAD_URL,
    "MissingSchema": _BAD_URL,
    "InvalidSchema": _BAD_URL,
    "InvalidURL": _BAD_URL,
    "InvalidProxyURL": (Rejected, "the proxy's address is not one", _BAD_PROXY[2]),
    "InvalidHeader": _OUR_CALL,
    "UnrewindableBodyError": _OUR_CALL,
    "InvalidJSONError": _NOT_JSON,
    "JSONDecodeError": _NOT_JSON,
}
"""What each exception class of ``requests`` means, by its name; a test holds it against the library's own list."""

_DISTRUST = re.compile(r"\[\w+: \w*(?:CERTIFICATE|VERSION|PROTOCOL|HTTP_REQUEST)|record layer failure|doesn't match")
"""What a TLS error says that will stay; any other means that the line was cut while it was set up."""

STATUSES: Mapping[int, Failure] = {
    401: (
        AuthFailed,
        "the helpdesk does not accept the account or token",
        "check them in makegood.toml and on the desk",
    ),
    403: (AuthFailed, "the account may not do this", "give its account the rights that doctor lists"),
    404: (Gone, "it is not there", f"it was removed, or the account may not see it; else {_CHECK_URL}"),
    409: (Conflict, "somebody changed it in the meantime", "plan again"),
    410: (Gone, "it is not there any more", ""),
    412: (Conflict, "somebody changed it in the meantime", "plan again"),
    422: (Rejected, "the helpdesk cannot take this value", ""),
    429: (Retryable, "the helpdesk asks us to slow down", "try again later"),
}


def failure(error: Exception, url: str) -> ConnectorError:
    """The connector's error for an exception that ``requests`` raised while it spoke to ``url``."""
    names = [c.__name__ for c in type(error).__mro__]
    kind, what, hint = next((FAILURES[n] for n in names if n in FAILURES), _DOWN)
    if "SSLError" in names and not _DISTRUST.search(str(error)):
        kind, what, hint = _DOWN
    if any(word in str(error) for word in ("NewConnectionError", "NameResolutionError", "Connection refused")):
        kind, what = Unreachable, "the host cannot be reached"
    return kind(f"{bare(url)}: {what}", hint=hint)


def refusal(status: int, url: str, *, write: bool, words: str = "", after: float | None = None) -> ConnectorError:
    """The connector's error for an HTTP status of 300 or more; ``words`` are the desk's own.

    A forbidden read is forbidden for good and stops the run; a forbidden write concerns one ticket only.
    """
    kind, what, hint = STATUSES.get(status, (Rejected, "the helpdesk refused the call", ""))
    if status == 403 and write:
        kind = Rejected
    if status >= 500:
        kind, what, hint = Retryable, "the helpdesk failed", "look into its log; try again later"
    if 300 <= status < 400:
        what, hint = "it redirects a write to another address", _CHECK_URL
    message = f"{bare(url)}: {what} (HTTP {status})" + (f": {words}" if words else "")
    if issubclass(kind, Retryable):
        return kind(message, hint=hint, after=after)
    return kind(message, hint=hint)


def bare(url: str) -> str:
    """The address without account, query and fragment, fit for a message."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address given"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, as a number or an HTTP date; ``None`` where it says nothing."""
    if not value:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def header_time(value: str | None) -> datetime | None:
    """The instant of a ``Date`` header, UTC; ``None`` where it says none."""
    try:
        return parsedate_to_datetime(value).astimezone(UTC) if value else None
    except ValueError:
        return None


class Pace:
    """Lets at most ``per_minute`` calls through, evenly spaced; ``clock`` counts seconds, ``sleep`` waits for some."""

    def __init__(self, per_minute: float, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._gap = 60.0 / per_minute
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        """Returns when the next call may go."""
        now = self._clock()
        if self._next > now:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._gap


class Transport:
    """One helpdesk's HTTP calls below ``base_url``, counted in ``calls``.

    ``headers`` go with every call and may hold the token; ``login`` is sent as basic authentication. ``timeout`` is
    seconds to connect and to wait for each piece of the answer. ``per_minute`` limits the pace, ``None`` does not.
    """

    attempts = ATTEMPTS

    def __init__(
        self,
        base_url: str,
        *,
        now: Callable[[], datetime],
        headers: Mapping[str, str] | None = None,
        login: tuple[str, str] | None = None,
        extra: str = "rt",
        timeout: tuple[float, float] = (10.0, 120.0),
        per_minute: float | None = None,
        sleep: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.base_url = base_url.rstrip("/") + "/"
        self.calls = 0
        self._now = now
        self._timeout = timeout
        self._sleep = sleep or time.sleep
        self._jitter = jitter
        self._pace = Pace(per_minute, clock=clock, sleep=self._sleep) if per_minute else None
        self._session: requests.Session = _library(extra).Session()
        self._session.headers.update(headers or {})
        self._session.auth = login

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, also: Collection[int] = ()
    ) -> requests.Response:
        """A read: tried again on anything that may pass. Statuses in ``also`` are answers, not errors."""
        return self._patiently("GET", path, also, write=False, params=params)

    def search(self, path: str, form: Mapping[str, str]) -> requests.Response:
        """A read whose question is too long for an address: posted as a form, tried again as a ``get`` is."""
        return self._patiently("POST", path, (), write=False, data=form)

    def ask(self, path: str, params: Mapping[str, str], body: object) -> requests.Response:
        """A read whose question is posted as JSON, tried again as a ``get`` is."""
        return self._patiently("POST", path, (), write=False, params=params, json=body)

    def write(
        self, method: str, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """A write, sent at most once as far as anybody can know.

        Raises :class:`Unsure` where the answer got lost or the desk failed half-way.
        """
        return self._patiently(method, path, (), write=True, json=body, headers=headers)

    def _patiently(
        self, method: str, path: str, also: Collection[int], *, write: bool, **said: Any
    ) -> requests.Response:
        from tenacity import Retrying, retry_if_exception

        retrying = Retrying(
            stop=self._enough,
            wait=self._wait,
            retry=retry_if_exception(_passes),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._once, method, path, also, write=write, **said)

    def _once(self, method: str, path: str, also: Collection[int], *, write: bool, **said: Any) -> requests.Response:
        import requests

        self._hold(method, path)
        url = self.base_url + path
        self.calls += 1
        try:
            answer = self._send(method, url, timeout=self._timeout, allow_redirects=not write, **said)
        except (requests.RequestException, ValueError, OSError) as error:
            raise _fate(failure(error, url), write=write) from None
        self._learn(method, path, answer)
        if answer.status_code < 300 or answer.status_code in also:
            return answer
        raise self._refused(answer, url, write=write)

    def _hold(self, method: str, path: str) -> None:  # noqa: ARG002
        """Waits until a call may go; a desk with limits of its own looks at what it calls."""
        if self._pace:
            self._pace.wait()

    def _send(self, method: str, url: str, **said: Any) -> requests.Response:
        """One request, one answer, whatever its status."""
        return self._session.request(method, url, **said)

    def _learn(self, method: str, path: str, answer: requests.Response) -> None:
        """What an answer says besides: nothing that all desks have in common."""

    def _refused(self, answer: requests.Response, url: str, *, write: bool) -> ConnectorError:
        after = retry_after(answer.headers.get("Retry-After"), self._now())
        error = refusal(answer.status_code, url, write=write, words=self._words(answer), after=after)
        untouched = answer.status_code == 429 or (answer.status_code == 503 and after is not None)
        return error if untouched else _fate(error, write=write)

    def _words(self, answer: requests.Response) -> str:
        """What the desk said itself, if it said it in JSON and briefly."""
        return told(answer, "message")

    def _enough(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        return state.attempt_number >= (KNOCKS if isinstance(error, Unreachable) else self.attempts)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, Retryable) else None
        growing: float = min(30.0, 0.5 * 2.0 ** (state.attempt_number - 1))
        return max(asked or 0.0, growing * (0.5 + self._jitter()))


def answered(answer: requests.Response) -> Any:
    """The JSON in an answer; anything else (a login page, say) is :class:`Rejected` and named."""
    from pydantic_core import from_json  # faster than the standard library's reader

    collecting = gc.isenabled()
    gc.disable()  # a page is a tree of a hundred thousand values: looking for cycles in it takes longer than reading it
    try:
        return from_json(answer.content)
    except ValueError:
        kind, what, hint = _NOT_JSON
        raise kind(f"{bare(answer.url)}: {what}", hint=hint) from None
    finally:
        if collecting:
            gc.enable()


def _fate(error: ConnectorError, *, write: bool) -> ConnectorError:
    if write and isinstance(error, Retryable) and not isinstance(error, Unreachable):
        unsure = Unsure(error.message, hint=error.hint, after=error.after)
        unsure.late = isinstance(error, Late)
        return unsure
    return error


def _passes(error: BaseException) -> bool:
    return isinstance(error, Retryable) and not isinstance(error, Unsure) and (error.after or 0.0) <= LONGEST_WAIT


def told(answer: requests.Response, *names: str) -> str:
    """The first of these texts in an answer's JSON that is there, its first line, 300 characters at most."""
    try:
        said = answer.json()
    except ValueError:
        return ""
    found = (said.get(name) for name in names) if isinstance(said, dict) else ()
    message = next((text for text in found if text and isinstance(text, str)), "")
    return message.strip().splitlines()[0][:300] if message.strip() else ""


def _library(extra: str) -> ModuleType:
    try:
        import requests
    except ImportError:
        raise ConnectorError(
            "this helpdesk needs the library requests, which is not installed",
            hint=f"pip install 'makegood[{extra}]'",
        ) from None
    return requests
