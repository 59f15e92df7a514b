"""Who may come in: OAuth clients and their tokens, API tokens, and what each of them may do."""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fake_zendesk_people import Row

INVALID_TOKEN = {
    "error": "invalid_token",
    "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
}
INVALID_CLIENT = {
    "error": "invalid_client",
    "error_description": "Client authentication failed due to unknown client, no client authentication included, or "
    "unsupported authentication method.",
}
NOT_IN = {"error": "Couldn't authenticate you"}
FORBIDDEN = {
    "error": {
        "title": "Forbidden",
        "message": "You do not have access to this page. Please contact the account owner of this help desk for further help.",
    }
}
SHORTEST, LONGEST, UNASKED = 300, 172_800, 7200


@dataclass
class Token:
    user: str
    scopes: tuple[str, ...]
    ends: datetime


class Entry:
    """The doors of an account; times are those of the desk's clock."""

    def __init__(self) -> None:
        self.client = ("makegood", "secret")
        self.reader_client = ("makegood-reader", "secret")
        self.client_users = {"makegood": "makegood@acme.example", "makegood-reader": "reader@acme.example"}
        self.api_token = "0123456789abcdef0123456789abcdef01234567"
        self.reader_api_token = "76543210fedcba9876543210fedcba9876543210"
        self.api_tokens_work = True
        self.tokens: dict[str, Token] = {}
        self.token_calls = 0
        self._numbers = itertools.count(1)

    def issue(self, body: Any, now: datetime) -> tuple[int, Row]:
        """``POST /oauth/tokens``. The lifetime is told only to those who asked for one."""
        self.token_calls += 1
        asked = body if isinstance(body, dict) else {}
        if (asked.get("client_id"), asked.get("client_secret")) not in (self.client, self.reader_client):
            return 401, INVALID_CLIENT
        if asked.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "The grant type is not supported."}
        lives = asked.get("expires_in")
        if lives is not None and not SHORTEST <= int(lives) <= LONGEST:
            return 400, {"error": "invalid_request", "error_description": "expires_in is out of range"}
        scope = asked.get("scope") or "read"
        user = self.client_users.get(asked["client_id"], "makegood@acme.example")
        said = {"access_token": self.bearer(user, now, scope, lives), "token_type": "bearer", "scope": scope}
        return 200, said | ({"expires_in": int(lives)} if lives else {})

    def bearer(self, user: str, now: datetime, scope: str = "read write", lives: int | None = None) -> str:
        """A new token of somebody."""
        token = f"made-up-token-{next(self._numbers):06d}"
        self.tokens[token] = Token(user, tuple(scope.split()), now + timedelta(seconds=int(lives or UNASKED)))
        return token

    def revoke_tokens(self) -> None:
        self.tokens.clear()

    def expire_tokens(self) -> None:
        """Every token ends now, whatever was said when it was given."""
        for token in self.tokens.values():
            token.ends -= timedelta(days=400)

    def who(self, headers: Mapping[str, str], now: datetime) -> tuple[str | None, tuple[str, ...], Row]:
        """The user's e-mail, the scopes, and what a refused one is told."""
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            token = self.tokens.get(secret)
            good = token is not None and now < token.ends
            return (token.user, token.scopes, {}) if token and good else (None, (), INVALID_TOKEN)
        if kind.lower() == "basic" and self.api_tokens_work:
            name, _, given = _plain(secret).partition(":")
            known = {"makegood@acme.example": self.api_token, "reader@acme.example": self.reader_api_token}
            email = name.removesuffix("/token")
            if name.endswith("/token") and known.get(email) == given:
                return email, ("read", "write"), {}
        return None, (), NOT_IN


def _plain(secret: str) -> str:
    """What somebody sent in as base64; nothing if it is none."""
    try:
        return base64.b64decode(secret).decode()
    except ValueError:
        return ""


def forbidden(method: str, path: str, scopes: tuple[str, ...], user: Row, *, admins_only: bool) -> Row | None:
    """What somebody is told who may not do this."""
    needed = "read" if method == "GET" else "write"
    if needed not in scopes:
        return {"error": "Forbidden", "description": f"Missing the following required scopes: {needed}"}
    light = user["role"] not in ("agent", "admin") or user["only_private_comments"]
    return (
        FORBIDDEN
        if (light and method != "GET") or (admins_only and user["role"] != "admin" and "incremental/" in path)
        else None
    )
