"""HTML pages: one file each, with everything in it, that needs no script to be read. Texts of tickets are always escaped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .failure import Failure

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
INSTALL = "pip install 'makegood[report]'"


def missing(error: ImportError) -> Failure:
    """What is said where a library that pages need is not installed."""
    library = (error.name or "a library").partition(".")[0]
    return Failure(f"HTML pages need {library}, which is not installed", INSTALL)


def page(template: str, **values: Any) -> str:
    """The page that a template makes of these values.

    Raises:
        Failure: the extra ``report`` is not installed.
    """
    return _environment().get_template(template).render(**values).rstrip() + "\n"


def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise missing(error) from error
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
