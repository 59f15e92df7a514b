"""Notices: to a channel of the settings, or to a person where the settings say how people are reached."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTALL = "pip install 'makegood[notify]'"


class NoticeFailed(Exception):
    """A notice did not go out. ``message`` never holds an address of a channel: those are secrets."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Notifier:
    """Sends notices. ``channels`` maps names to apprise URLs; ``person_url`` is one with ``{email}`` in it."""

    channels: Mapping[str, str] = field(default_factory=dict, repr=False)
    person_url: str | None = field(default=None, repr=False)

    def reaches(self, receiver: str) -> bool:
        """Whether ``channel:NAME`` or ``person:HANDLE`` can be sent to; a person who cannot is told by an internal note."""
        return receiver.startswith("channel:") or self.person_url is not None

    def send(self, receiver: str, title: str, text: str) -> None:
        """Send one notice to one receiver and wait until it is accepted.

        Raises:
            NoticeFailed: the channel is unknown or did not accept it, or apprise is not installed.
        """
        kind, _, name = receiver.partition(":")
        table = f"[notify.{name if kind == 'channel' else 'person'}]"
        url = self.channels.get(name) if kind == "channel" else self._url_of(name)
        if url is None:
            raise NoticeFailed(f"there is no {table} in makegood.toml", hint="add it, with the url of the channel")
        apprise = _apprise()
        sender = apprise.Apprise()
        if not sender.add(url):
            raise NoticeFailed(f"the url of {table} in makegood.toml is none that apprise knows")
        if not sender.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT):
            raise NoticeFailed(f"{table} did not accept the notice: its server is out of reach or refuses it")

    def _url_of(self, handle: str) -> str | None:
        return self.person_url and self.person_url.replace("{email}", quote(handle))


def _apprise() -> Any:
    try:
        import apprise
    except ImportError as error:
        raise NoticeFailed("notices need apprise, which is not installed", hint=INSTALL) from error
    logging.getLogger("apprise").disabled = True  # it writes addresses into its messages
    return apprise
