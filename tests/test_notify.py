"""Notices through apprise, to a server of our own; addresses are secrets and are never told."""

from __future__ import annotations

import builtins
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from makegood.engine.notify import NoticeFailed, Notifier

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer


def url_of(server: HTTPServer, path: str = "/hook") -> str:
    return f"json://ana:sesame@{server.host}:{server.port}{path}"


def test_a_channel_hears_title_and_text(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")
    Notifier({"ops": url_of(httpserver)}).send("channel:ops", "Refunds", "Ticket 1 waits\nsince *Monday*")
    (request, _) = httpserver.log[0]
    said = json.loads(request.data)
    assert (said["title"], said["message"]) == ("Refunds", "Ticket 1 waits\nsince *Monday*")


def test_a_person_is_reached_by_address(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/to/a+b@example.com", method="POST").respond_with_data("ok")
    notifier = Notifier({}, url_of(httpserver, "/to/{email}"))
    assert notifier.reaches("person:a+b@example.com")
    notifier.send("person:a+b@example.com", "Refunds", "Ticket 1 waits")
    assert len(httpserver.log) == 1


def test_who_can_be_reached() -> None:
    notifier = Notifier({"ops": "json://x"})
    assert notifier.reaches("channel:ops")
    assert not notifier.reaches("person:ana@example.com")


def failing(notifier: Notifier, receiver: str = "channel:ops") -> NoticeFailed:
    with pytest.raises(NoticeFailed) as error:
        notifier.send(receiver, "Refunds", "Ticket 1 waits")
    assert "sesame" not in error.value.message + error.value.hint + repr(notifier)
    return error.value


def test_a_server_that_refuses(httpserver: HTTPServer, caplog: pytest.LogCaptureFixture) -> None:
    httpserver.expect_request("/hook").respond_with_data("no", status=500)
    with caplog.at_level(logging.DEBUG):
        assert "[notify.ops] did not accept" in failing(Notifier({"ops": url_of(httpserver)})).message
    assert "sesame" not in caplog.text


def test_an_address_that_is_none() -> None:
    assert "none that apprise knows" in failing(Notifier({"ops": "sesame and nothing else"})).message


def test_a_channel_that_is_not_in_the_settings() -> None:
    assert "there is no [notify.ops]" in failing(Notifier()).message


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "apprise":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert failing(Notifier({"ops": "json://x"})).hint == "pip install 'makegood[notify]'"
