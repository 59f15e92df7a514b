"""Who may come in to the fake Jira: e-mail and API token, scoped tokens behind the gateway, personal access tokens."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fake_jira_asked import Asked

ANONYMOUS = "Client must be authenticated to access this resource."
PAGE = (
    b"<!DOCTYPE html><html><head><title>Unauthorized (401)</title></head><body><h1>Unauthorized (401)</h1>"
    b"<p>Encountered a <code>&quot;401 - Unauthorized&quot;</code> error while loading this page.</p></body></html>"
)
SCOPES = frozenset(
    {"read:jira-work", "read:jira-user", "write:jira-work", "read:servicedesk-request", "write:servicedesk-request"}
)
HTML, JSON = "text/html; charset=utf-8", "application/json;charset=UTF-8"


@dataclass
class Token:
    """A secret of somebody; ``scopes`` of ``None`` may do whatever its owner may."""

    email: str
    scopes: frozenset[str] | None = None
    works: bool = True


class Entry:
    """The doors of a site. ``anonymous``: whoever cannot be told is let in as nobody, and sees nothing, with status 200."""

    def __init__(self, *, cloud: bool) -> None:
        self.cloud = cloud
        self.cloud_id = "11223344-a1b2-4c3d-9e4f-0123456789ab"
        self.context = ""
        self.anonymous = False
        self.api_token, self.reader_api_token = "ATATT-made-up-token", "ATATT-made-up-token-of-a-reader"
        self.scoped_token = "ATATT-made-up-scoped-token"
        self.pat, self.reader_pat = "made-up-personal-token", "made-up-personal-token-of-a-reader"
        us, reader = "makegood@acme.example", "reader@acme.example"
        self.tokens: dict[str, Token] = {
            self.api_token: Token(us), self.reader_api_token: Token(reader), self.scoped_token: Token(us, SCOPES),
            self.pat: Token(us), self.reader_pat: Token(reader),
        }  # fmt: skip

    @property
    def gateway(self) -> str:
        return f"/ex/jira/{self.cloud_id}"

    def bases(self) -> tuple[str, ...]:
        """What may stand before ``/rest/``."""
        return ("", self.gateway) if self.cloud else (self.context,)

    def add_token(self, email: str, scopes: Iterable[str] | None = None) -> str:
        """A new secret of somebody: an API token or personal access token, with ``scopes`` one for the gateway."""
        name = f"made-up-token-{len(self.tokens)}"
        self.tokens[name] = Token(email, None if scopes is None else frozenset(scopes))
        return name

    def revoke_tokens(self) -> None:
        for token in self.tokens.values():
            token.works = False

    def who(self, asked: Asked) -> tuple[str | None, tuple[int, Any, str] | None]:
        """The user's e-mail, and what a refused one is told: status, body, content type."""
        token = self._token(asked)
        through_gateway = self.cloud and asked.base == self.gateway
        if token is None or not token.works or (through_gateway != (token.scopes is not None)):
            return None, None if self.anonymous else self._refusal(gateway=through_gateway)
        if token.scopes is not None and needed(asked) not in token.scopes:
            return None, (401, {"code": 401, "message": "Unauthorized; scope does not match"}, JSON)
        return token.email, None

    def _token(self, asked: Asked) -> Token | None:
        kind, _, secret = asked.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            token = self.tokens.get(secret)
            return token if token and (not self.cloud or token.scopes is not None) else None
        if kind.lower() == "basic":
            name, _, given = _plain(secret).partition(":")
            token = self.tokens.get(given)
            return token if self.cloud and token and token.email == name else None
        return None

    def _refusal(self, *, gateway: bool) -> tuple[int, Any, str]:
        if gateway:
            return 401, {"code": 401, "message": "Unauthorized"}, JSON
        if self.cloud:
            return 401, {"errorMessages": [ANONYMOUS], "errors": {}}, JSON
        return 401, PAGE, HTML


def needed(asked: Asked) -> str:
    """The classic scope that a call needs."""
    way = "write" if asked.write else "read"
    if asked.path.startswith("servicedeskapi"):
        return f"{way}:servicedesk-request"
    people = ("user", "users", "group", "groups", "myself")
    return "read:jira-user" if asked.path.split("/")[0] in people else f"{way}:jira-work"


def _plain(secret: str) -> str:
    """What somebody sent in as base64; nothing if it is none."""
    try:
        return base64.b64decode(secret).decode()
    except ValueError:
        return ""
