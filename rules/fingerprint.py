"""Fingerprints: the same for files that mean the same, whatever their comments and layout."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

LAYOUT = frozenset({"span", "path", "fingerprint", "sources", "tests", "marks", "own_themes"})
"""Attributes that cannot change a plan: where something stands, what tests expect, what customers talk about."""


def fingerprint(value: Any) -> str:
    """16 hex digits of a SHA-256 over everything in ``value`` that can change a plan."""
    text = json.dumps(canonical(value), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def canonical(value: Any) -> Any:
    """A typed value as JSON: dataclasses with their type, mappings sorted by key, the rest by its text."""
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: canonical(getattr(value, field.name)) for field in fields(value) if field.name not in LAYOUT}
        return [type(value).__name__, own]
    if isinstance(value, Mapping):
        return {str(key): canonical(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, tuple | list):
        return [canonical(item) for item in value]
    if isinstance(value, frozenset | set):
        return sorted(str(item) for item in value)
    return value if value is None or isinstance(value, bool | int) else str(value)
