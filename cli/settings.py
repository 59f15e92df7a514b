"""``makegood.toml``: which helpdesks there are, how to reach them, and where the local copy lives.

Nothing else reads the environment. A secret may stand in the file or, better, be named: ``{ env = "RT_TOKEN" }``; it is
looked up only when it is needed, and never shown.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from ..connectors import connector
from ..rules.diagnostics import did_you_mean
from .failure import SECRETS, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime
    from typing import Self

    from ..connectors.base import Connector, Memory

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span(text: object) -> timedelta:
    """A length of wall-clock time as an operator writes it: ``180 days``, ``1 hour``, ``5m``.

    Raises:
        ValueError: it is not one.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", str(text), re.IGNORECASE)
    unit = found[2].lower() if found else ""
    name = UNITS.get(unit) or (unit if unit in UNITS.values() else f"{unit}s")
    if not found or name not in UNITS.values():
        raise ValueError("a length of time is wanted, for example 180 days, 1 hour or 5m")
    return timedelta(**{name: float(found[1])})


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that is never shown: the value itself, or the name of the environment ``variable`` that holds it."""

    value: str | None = field(default=None, repr=False)
    variable: str | None = None

    def reveal(self) -> str:
        """The text, now that it is needed; from here on no output of this process holds it."""
        value = os.environ.get(self.variable, "").strip() if self.variable else self.value
        if not value:
            raise Failure(f"the environment variable {self.variable} is not set", f"export {self.variable}=...")
        SECRETS.add(value)
        return value


def _secret(value: object) -> object:
    if isinstance(value, str) and value:
        return Secret(value)
    if isinstance(value, dict) and set(value) == {"env"} and isinstance(value["env"], str) and value["env"]:
        return Secret(variable=value["env"])
    raise ValueError('a text or { env = "NAME_OF_A_VARIABLE" } is wanted')


def _plain_or_secret(value: object) -> object:
    return value if isinstance(value, str) and value else _secret(value)


AnySecret = Annotated[Secret, BeforeValidator(_secret)]
Length = Annotated[timedelta, BeforeValidator(span)]
Words = dict[str, list[str]]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, frozen=True)


class WordMap(_Table):
    """The desk's own words for ours, e.g. ``pending = ["Waiting for customer"]``."""

    status: Words = {}
    priority: Words = {}


class Helpdesk(_Table, ABC):
    """What every kind of helpdesk has in its settings.

    ``history``: how far back the first pull goes for tickets that are not open. ``map``: the custom field that stands for a
    fact. ``people``: handle to the desk's id, where it hides addresses.
    """

    kind: str
    allow_replies: bool = False
    ignore_senders: list[str] = []
    robots: list[str] = []
    history: Length = timedelta(days=180)
    refresh_people: Length = timedelta(hours=1)
    map: dict[str, str] = {}
    words: WordMap = WordMap()
    people: dict[str, str] = {}

    @abstractmethod
    def connect(self, folder: Path, now: Callable[[], datetime], memory: Memory | None = None) -> Connector:
        """The connector; ``folder`` is where paths in the settings begin. Secrets are looked up now.

        ``memory`` is what the local copy knows of the desk, for connectors that ask it first.
        """


class Local(Helpdesk):
    """An embedded desk: a file."""

    path: str
    me: str = "makegood"

    def connect(self, folder: Path, now: Callable[[], datetime], memory: Memory | None = None) -> Connector:  # noqa: ARG002
        """The desk in the file; one that is not there is an error, not a new one."""
        path = folder / Path(self.path).expanduser()
        field = self.map.get("promise_due")
        return connector("local")(
            path, now=now, robots=tuple(self.robots), me=self.me, promise_field=field, create=False
        )


class RequestTracker(Helpdesk):
    """A Request Tracker, by its REST2 interface: with a token, or with user and password."""

    base_url: str
    token: AnySecret | None = None
    user: str | None = None
    password: AnySecret | None = None

    def connect(self, folder: Path, now: Callable[[], datetime], memory: Memory | None = None) -> Connector:  # noqa: ARG002
        """A connection that nothing has been sent over yet."""
        build = connector("rt")
        from ..connectors.request_tracker_words import Words

        words = Words(
            status=self.words.status,
            priority=self.words.priority,
            fields=self.map,
            people=self.people,
            robots=self.robots,
            ignore_senders=self.ignore_senders,
        )
        return build(
            self.base_url,
            now=now,
            token=self.token and self.token.reveal(),
            user=self.user,
            password=self.password and self.password.reveal(),
            words=words,
            history=self.history,
        )


_SUBDOMAIN = re.compile(r"(?:https?://)?([a-z0-9][a-z0-9-]*)(?:\.zendesk\.com(?:[/?#].*)?)?", re.IGNORECASE)


def subdomain_in(value: object) -> str:
    """The ``acme`` of ``https://acme.zendesk.com``, however much of it is written.

    Raises:
        ValueError: it is something else.
    """
    found = _SUBDOMAIN.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError('the part before .zendesk.com is wanted, for example "acme"; any other address is a base_url')
    return found[1].lower()


def _address(value: object) -> object:
    """People leave out what their browser leaves out."""
    return f"https://{value.strip()}" if isinstance(value, str) and value.strip() and "://" not in value else value


def _login(name: str | None, secret: Secret | None) -> tuple[str, str] | None:
    return (name, secret.reveal()) if name and secret else None


class FixedWords(WordMap):
    """Words of a helpdesk whose own are ours: there is nothing to map."""

    @field_validator("status", "priority")
    @classmethod
    def _nothing(cls, words: Words, field: ValidationInfo) -> Words:
        if words:
            what = {"status": "status categories", "priority": "priorities"}[str(field.field_name)]
            raise ValueError(f"the {what} of Zendesk are fixed, so there is nothing to map: take this out")
        return words


class Zendesk(Helpdesk):
    """A Zendesk Support, by its public API: with an OAuth client, or an account with an API token.

    ``headroom`` is the share of Zendesk's limits that is left to people and other programs. Where both ways in are named,
    the client is taken; where both places are, ``base_url``.
    """

    subdomain: Annotated[str, BeforeValidator(subdomain_in)] | None = None
    base_url: Annotated[str, BeforeValidator(_address)] | None = None
    client_id: str | None = None
    client_secret: AnySecret | None = None
    email: str | None = None
    token: AnySecret | None = None
    headroom: Annotated[float, Field(ge=0, le=0.9)] = 0.5
    words: FixedWords = FixedWords()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.subdomain or self.base_url):
            raise ValueError(
                'subdomain is missing: "acme" for https://acme.zendesk.com (or base_url, the whole address)'
            )
        for one, other in (("client_id", "client_secret"), ("email", "token")):
            if bool(getattr(self, one)) != bool(getattr(self, other)):
                there, missing = (one, other) if getattr(self, one) else (other, one)
                raise ValueError(f"{there} needs {missing} beside it")
        if not (self.client_id or self.email):
            raise ValueError(
                "nothing says how to get in: client_id and client_secret of an OAuth client (docs/zendesk.md says how to"
                " make one), or email and token, which Zendesk takes until 2027-04-30 only"
            )
        return self

    def connect(self, folder: Path, now: Callable[[], datetime], memory: Memory | None = None) -> Connector:  # noqa: ARG002
        """A connection that nothing has been sent over yet."""
        client = _login(self.client_id, self.client_secret)
        return connector("zendesk")(
            self.base_url or f"https://{self.subdomain}.zendesk.com",
            now=now,
            client=client,
            account=None if client else _login(self.email, self.token),
            robots=tuple(self.robots),
            ignore_senders=tuple(self.ignore_senders),
            fields=self.map,
            history=self.history,
            headroom=self.headroom,
            memory=memory,
        )


_CLOUD = re.compile(r"\.atlassian\.net(?:[:/]|$)", re.IGNORECASE)


class Jira(Helpdesk):
    """A Jira Service Management: Cloud with e-mail and API token, Data Center with a personal access token alone.

    ``projects`` are the keys of those to look after, all service projects where none is named; ``groups`` those of Jira's groups
    of people that count as groups; ``resolution`` is put in where a transition asks for one. ``headroom`` is the share of Data
    Center's limit that is left to people and other programs.
    """

    base_url: Annotated[str, BeforeValidator(_address)]
    email: str | None = None
    token: AnySecret
    projects: list[str] = []
    groups: list[str] = []
    resolution: str = "Done"
    headroom: Annotated[float, Field(ge=0, le=0.9)] = 0.5

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if _CLOUD.search(self.base_url) and not self.email:
            raise ValueError("email is missing: Jira Cloud takes an API token only with the address of its account")
        return self

    def connect(self, folder: Path, now: Callable[[], datetime], memory: Memory | None = None) -> Connector:  # noqa: ARG002
        """A connection that nothing has been sent over yet."""
        build = connector("jira")
        from ..connectors.jsm_words import Words

        words = Words(
            status=self.words.status,
            priority=self.words.priority,
            fields=self.map,
            people=self.people,
            robots=tuple(self.robots),
            ignore_senders=tuple(self.ignore_senders),
            projects=tuple(self.projects),
            groups=tuple(self.groups),
            resolution=self.resolution,
        )
        account = _login(self.email, self.token)
        return build(
            self.base_url,
            now=now,
            account=account,
            token=None if account else self.token.reveal(),
            words=words,
            history=self.history,
            headroom=self.headroom,
            memory=memory,
        )


class Plugin(Helpdesk):
    """A desk whose connector another package brings: whatever stands in its table goes to the connector."""

    model_config = ConfigDict(extra="allow")

    def connect(self, folder: Path, now: Callable[[], datetime], memory: Memory | None = None) -> Connector:  # noqa: ARG002
        """Built with the common settings as they are named here, and its own with secrets as text.

        The memory is not given to it: a connector of another package need not know that there is one.
        """
        own = {key: _revealed(value) for key, value in (self.model_extra or {}).items()}
        common = {name: getattr(self, name) for name in Helpdesk.model_fields if name not in ("kind", "allow_replies")}
        return connector(self.kind)(**common, **own, folder=folder, now=now)


def _revealed(value: object) -> object:
    secret = _secret(value) if isinstance(value, dict) and set(value) == {"env"} else value
    return secret.reveal() if isinstance(secret, Secret) else secret


KINDS: dict[str, type[Helpdesk]] = {"local": Local, "rt": RequestTracker, "zendesk": Zendesk, "jira": Jira}
"""The model of each built-in kind's settings; further kinds come from packages that bring a connector."""


class Channel(_Table):
    """Where a notice goes: an apprise URL."""

    url: AnySecret


class Reporting(_Table):
    """What reports tell: of teams only, or ``per_person``, too."""

    per_person: bool = False


class Settings(_Table):
    """The whole file. ``folder`` is where it stands: paths in it are relative to that. ``source`` is its name."""

    store: Annotated[str | Secret, BeforeValidator(_plain_or_secret)] = "makegood.db"
    helpdesks: dict[str, Helpdesk] = {}
    notify: dict[str, Channel] = {}
    report: Reporting = Reporting()
    folder: Path = Path()
    source: str = "makegood.toml"

    def place_of_store(self) -> str:
        """The store's path, or its URL."""
        place = self.store if isinstance(self.store, str) else self.store.reveal()
        return place if "://" in place else str(self.folder / Path(place).expanduser())

    def helpdesk(self, name: str | None) -> tuple[str, Helpdesk]:
        """The helpdesk called ``name``; the only one, where no name is given."""
        names = ", ".join(sorted(self.helpdesks)) or "none"
        if name is None and len(self.helpdesks) == 1:
            return next(iter(self.helpdesks.items()))
        if name is None and self.helpdesks:
            raise Failure(f"{self.source} names several helpdesks: {names}", "say which one with --helpdesk NAME")
        if name is None:
            raise Failure(f"{self.source} names no helpdesk", 'add a table [helpdesks.support] with kind = "..."')
        if name not in self.helpdesks:
            nearest = did_you_mean(name, self.helpdesks)
            hint = f"did you mean {nearest}?" if nearest else f"it has: {names}"
            raise Failure(f'{self.source} has no helpdesk "{name}"', hint)
        return name, self.helpdesks[name]

    def channel_names(self) -> set[str]:
        """Every channel that rules may name; ``person`` is not one."""
        return set(self.notify) - {"person"}

    def channels(self, names: Collection[str]) -> dict[str, str]:
        """Name and URL of those of ``names`` that are channels."""
        return {name: self.notify[name].url.reveal() for name in self.channel_names() & set(names)}

    def person_url(self) -> str | None:
        """How a person is reached, with ``{email}`` in it."""
        return self.notify["person"].url.reveal() if "person" in self.notify else None
