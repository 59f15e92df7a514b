"""Whether a desk's clock and ours agree: one line of every ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from .base import Finding

_SKEW = 5.0
"""Seconds that the two may differ unnoticed."""


def agreement(desk: str, theirs: datetime | None, ours: datetime) -> Finding:
    """What ``doctor`` says of the two clocks; ``desk`` is called so, ``theirs`` is what its last answer told."""
    skew = (theirs - ours).total_seconds() if theirs else 0.0
    if abs(skew) <= _SKEW:
        return "ok", f"{desk}'s clock and ours agree", ""
    way = "ahead of" if skew > 0 else "behind"
    return "warning", f"{desk}'s clock is {abs(skew):.0f} seconds {way} ours", "let both follow a time server"
