"""Python's search for cycles, put off while a great many values are made that no cycle can hold."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def no_cycles() -> Iterator[None]:
    """Nothing is searched for cycles meanwhile: that is a quarter of the time of reading a store or writing a large plan."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
