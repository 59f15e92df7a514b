"""Public holidays by country and region, from the package ``holidays`` (the extra of the same name).

Its answers change with its releases, and days off that are moved may fall into another year than their feast (New Year 2028
is taken on 31 December 2027 in the United States). So plans carry its version and the dates themselves.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from .diagnostics import did_you_mean


class CalendarError(ValueError):
    """A calendar that cannot be used; ``hint`` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def version() -> str:
    """The release in use, as in ``holidays 0.90``."""
    return f"holidays {_package().__version__}"


def public_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    """The holidays that fall into the year.

    Raises:
        CalendarError: country or region is unknown, or the package is not installed.
    """
    _check(country, region)
    days = _package().country_holidays(country, subdiv=region, years=(year - 1, year, year + 1))
    return frozenset(day for day in days if day.year == year)


def last_day(country: str, region: str | None) -> date:
    """The last day of the last year that the package knows about for this country."""
    _check(country, region)
    return date(int(_package().country_holidays(country, subdiv=region).end_year), 12, 31)


@lru_cache(maxsize=64)
def _check(country: str, region: str | None) -> None:
    known: dict[str, list[str]] = _package().list_supported_countries(include_aliases=True)
    if country not in known:
        guess = did_you_mean(country, known)
        hint = f"did you mean `{guess}`?" if guess else "write its code of two letters (ISO 3166), as in `DE`"
        raise CalendarError(f"there is no list of holidays for the country `{country}`", hint)
    if region is not None and region not in known[country]:
        hint = f"regions of {country}: {', '.join(sorted(known[country]))}" if known[country] else "leave `region` out"
        raise CalendarError(f"there is no list of holidays for the region `{region}` of `{country}`", hint)


def _package() -> Any:
    try:
        import holidays
    except ImportError:
        hint = "install it with `pip install 'makegood[holidays]'`, or list the days under `closed:` and leave `country` out"
        raise CalendarError("public holidays need the extra `holidays`", hint) from None
    return holidays
