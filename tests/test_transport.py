"""HTTP as connectors speak it: what is tried again, what never, and that every failure has a name."""

from __future__ import annotations

import builtins
import inspect
import socket
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fake_rt import FakeRT
from hypothesis import given
from hypothesis import strategies as st

from makegood.connectors import transport
from makegood.connectors.base import AuthFailed, Conflict, ConnectorError, Gone, Rejected, Retryable
from makegood.connectors.transport import (
    FAILURES,
    Pace,
    Transport,
    Unreachable,
    Unsure,
    answered,
    bare,
    failure,
    retry_after,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TREE = (Retryable, Conflict, Rejected, AuthFailed, Gone)


@pytest.fixture
def rt() -> Iterator[FakeRT]:
    with FakeRT(now=lambda: NOW) as rt:
        rt.add_ticket()
        yield rt


class Talk(Transport):
    """A transport to the fake that notes how long it would have waited."""

    def __init__(self, rt: FakeRT, **options: Any) -> None:
        self.waits: list[float] = []
        headers = {"Authorization": f"token {rt.token}"}
        options = {"timeout": (1, 0.1), "sleep": self.waits.append, "jitter": lambda: 0.5, **options}
        super().__init__(f"{rt.url}/REST/2.0", now=lambda: NOW, headers=headers, **options)

    def note(self) -> requests.Response:
        return self.write("POST", "ticket/1/comment", {"Content": "x", "ContentType": "text/plain"})


def notes(rt: FakeRT) -> int:
    return sum(t["Type"] == "Comment" for t in rt.transactions)


# ---- the map is complete


def exceptions_of_requests() -> list[type[Exception]]:
    classes = [c for _, c in inspect.getmembers(requests.exceptions, inspect.isclass)]
    return [c for c in classes if issubclass(c, requests.RequestException)]


@pytest.mark.parametrize("kind", exceptions_of_requests(), ids=lambda c: c.__name__)
def test_every_exception_of_requests_is_mapped(kind: type[Exception]) -> None:
    assert kind.__name__ in FAILURES
    error = failure(kind.__new__(kind), "http://desk.example/x")
    assert isinstance(error, TREE)
    assert error.message.startswith("http://desk.example/x: ")
    assert error.hint


def test_the_map_names_nothing_that_does_not_exist() -> None:
    assert set(FAILURES) == {c.__name__ for c in exceptions_of_requests()}


@pytest.mark.parametrize("status", [*range(300, 309), *range(400, 432), 451, *range(500, 512), 599])
def test_every_status_has_an_error(status: int) -> None:
    error = transport.refusal(status, "http://desk.example/x", write=False)
    assert isinstance(error, TREE)
    assert f"HTTP {status}" in error.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthFailed), (403, AuthFailed), (404, Gone), (409, Conflict), (412, Conflict), (422, Rejected), (429, Retryable),
     (500, Retryable), (503, Retryable), (418, Rejected), (400, Rejected)],
)  # fmt: skip
def test_statuses_of_reads(rt: FakeRT, status: int, kind: type[ConnectorError]) -> None:
    rt.fail(status, times=9)
    with pytest.raises(kind, match="so told"):
        Talk(rt).get("rt")


def test_a_forbidden_write_concerns_one_ticket_only(rt: FakeRT) -> None:
    rt.fail(403)
    with pytest.raises(Rejected):
        Talk(rt).note()


# ---- patience


def test_a_read_is_tried_again_with_growing_pauses(rt: FakeRT) -> None:
    rt.fail(500, times=3)
    talk = Talk(rt)
    assert answered(talk.get("rt"))["Version"]
    assert talk.waits == [0.5, 1.0, 2.0]
    assert talk.calls == 4


def test_a_read_is_given_up_in_the_end(rt: FakeRT) -> None:
    rt.fail(500, times=99)
    talk = Talk(rt)
    with pytest.raises(Retryable):
        talk.get("rt")
    assert talk.calls == transport.ATTEMPTS


@pytest.mark.parametrize("value", ["7", "Mon, 02 Mar 2026 09:00:07 GMT"])
def test_retry_after_is_obeyed(rt: FakeRT, value: str) -> None:
    rt.fail(429, Retry_After=value)
    talk = Talk(rt)
    talk.get("rt")
    assert talk.waits == [7.0]


def test_too_long_a_pause_is_left_to_the_next_run(rt: FakeRT) -> None:
    rt.fail(429, Retry_After="3600")
    talk = Talk(rt)
    with pytest.raises(Retryable) as caught:
        talk.get("rt")
    assert (caught.value.after, talk.waits) == (3600, [])


@given(st.text())
def test_a_strange_retry_after_is_no_accident(text: str) -> None:
    waited = retry_after(text, NOW)
    assert waited is None or waited >= 0


@pytest.mark.parametrize("kind", ["cut_before", "slow"])
def test_a_lost_read_is_tried_again(rt: FakeRT, kind: str) -> None:
    rt.fail(kind)
    assert answered(Talk(rt).get("rt"))


# ---- writes are never doubled


@pytest.mark.parametrize("kind", ["cut_after", "cut_before", "slow", 500, 502, 503, 504])
def test_a_write_of_unknown_fate_is_sent_once(rt: FakeRT, kind: int | str) -> None:
    rt.fail(kind, method="POST")
    with pytest.raises(Unsure):
        Talk(rt).note()
    assert len(rt.writes) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_write_that_surely_did_not_arrive_is_sent_again(rt: FakeRT, status: int) -> None:
    rt.fail(status, method="POST", Retry_After="1")
    Talk(rt).note()
    assert (len(rt.writes), notes(rt)) == (2, 1)


def test_a_refused_connection_never_carried_the_write(rt: FakeRT) -> None:
    talk = Talk(rt)
    talk.base_url = "http://127.0.0.1:9/"
    with pytest.raises(Unreachable, match="cannot be reached"):
        talk.note()
    assert (talk.calls, talk.waits) == (transport.KNOCKS, [0.5])


def test_a_write_does_not_follow_a_redirect(rt: FakeRT) -> None:
    rt.fail(302, method="POST", Location="/REST/2.0/rt")
    with pytest.raises(Rejected, match="redirects a write"):
        Talk(rt).note()


# ---- odd answers


@pytest.mark.parametrize("kind", ["html", "not_json"])
def test_a_page_instead_of_json_is_named(rt: FakeRT, kind: str) -> None:
    rt.fail(kind)
    with pytest.raises(Rejected, match="not JSON") as caught:
        answered(Talk(rt).get("rt"))
    assert "login" in caught.value.hint


def test_tls_against_a_plain_port(rt: FakeRT) -> None:
    talk = Talk(rt)
    talk.base_url = talk.base_url.replace("http:", "https:")
    with pytest.raises(AuthFailed, match="TLS"):
        talk.get("rt")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)",
            AuthFailed,
        ),
        ("[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1006)", AuthFailed),
        ("[X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found (_ssl.c:4293)", AuthFailed),
        ("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1006)", Retryable),
        ("EOF occurred in violation of protocol (_ssl.c:1006)", Retryable),
        ("[Errno 104] Connection reset by peer", Retryable),
    ],
)
def test_only_a_tls_error_that_stays_ends_the_run(said: str, kind: type[ConnectorError]) -> None:
    assert type(failure(requests.exceptions.SSLError(said), "https://desk.example/version")) is kind


def test_a_handshake_that_is_cut_off_is_tried_again(rt: FakeRT) -> None:
    knocks: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while len(knocks) < transport.ATTEMPTS:
                line, _ = server.accept()
                with line:
                    knocks.append(line.recv(65536))

        threading.Thread(target=hang_up, daemon=True).start()
        talk = Talk(rt, timeout=(1, 1))
        talk.base_url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(Retryable, match="connection failed"):
            talk.get("rt")
    assert len(knocks) == transport.ATTEMPTS


@pytest.mark.parametrize("url", ["desk.example", "ftp://desk.example", "http://", "http://[::1", "http:// /"])
def test_an_address_that_is_none(rt: FakeRT, url: str) -> None:
    talk = Talk(rt)
    talk.base_url = url
    with pytest.raises(ConnectorError) as caught:
        talk.get("")
    assert caught.value.hint


def test_circular_redirects(rt: FakeRT) -> None:
    rt.fail(302, times=99, Location="/REST/2.0/rt")
    with pytest.raises(Rejected, match="circle"):
        Talk(rt).get("rt")


def test_secrets_stay_out_of_messages() -> None:
    assert bare("https://me:secret@desk.example/a?token=secret#secret") == "https://desk.example/a"
    error = failure(requests.ConnectionError("secret"), "https://me:secret@desk.example/a")
    assert "secret" not in error.message + error.hint


def test_a_missing_library_names_what_to_install(rt: FakeRT, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "requests":
            raise ImportError
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConnectorError) as caught:
        Talk(rt)
    assert "pip install 'makegood[rt]'" in caught.value.hint


# ---- pace


def test_pace_spreads_calls_evenly() -> None:
    at, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        at[0] += seconds

    pace = Pace(120, clock=lambda: at[0], sleep=sleep)
    for _ in range(3):
        pace.wait()
    at[0] += 10
    pace.wait()
    assert slept == [0.5, 0.5]


def test_a_paced_transport_waits_between_calls(rt: FakeRT) -> None:
    talk = Talk(rt, per_minute=60, clock=lambda: 0.0)
    talk.get("rt")
    talk.get("rt")
    assert talk.waits == [1.0]
