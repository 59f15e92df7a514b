"""Reading a file for an embedded desk: opening it, whatever its packing, and collecting all that is wrong with it."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from .base import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHOWN = 20
"""How many problems an error's message tells in full."""

_PACKINGS: dict[str, Callable[..., object]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought in; ``faults`` are the faulty values that the mapping told it to pass over, by line."""

    tickets: int
    events: int
    people: int
    organizations: int
    faults: tuple[str, ...] = ()


class BadFile(Rejected):
    """A file that cannot be imported, with every problem found in it; nothing was imported."""

    def __init__(self, path: Path, problems: list[str], *, hint: str = "") -> None:
        shown = [f"{path}: {problem}" for problem in problems[:SHOWN]]
        rest = [f"... and {len(problems) - SHOWN:,} more problems"] if len(problems) > SHOWN else []
        super().__init__(
            "\n".join([*shown, *rest]), hint=hint or "nothing was imported; correct the file and try again"
        )
        self.problems = tuple(problems)


class Problems:
    """What is wrong with one file, collected so that all of it can be said at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[str] = []

    def add(self, problem: str, *, line: int | None = None) -> None:
        """Notes a problem, of a line where it has one."""
        self.found.append(problem if line is None else f"line {line}: {problem}")

    def stop(self) -> None:
        """Raises :class:`BadFile` if anything was noted."""
        if self.found:
            raise BadFile(self.path, self.found)


def suffix(path: Path) -> str:
    """The file name's ending without its packing: ``.csv`` for ``log.csv.xz``."""
    name = path.with_suffix("") if path.suffix.lower() in _PACKINGS else path
    return name.suffix.lower()


@contextmanager
def open_text(path: Path, encoding: str = "utf-8-sig") -> Iterator[IO[str]]:
    """The text of a file, unpacked by its ending (``.xz``, ``.gz``, ``.bz2``); raises :class:`BadFile` in words."""
    unpack = _PACKINGS.get(path.suffix.lower(), Path.open)
    try:
        with cast("IO[str]", unpack(path, mode="rt", encoding=encoding, newline="")) as text:
            yield text
    except UnicodeDecodeError as error:
        hint = 'save it as UTF-8, or name its encoding in the mapping: encoding = "cp1252"'
        raise BadFile(
            path, [f"is not {encoding.removesuffix('-sig')} text: {error.reason} at byte {error.start}"], hint=hint
        ) from error
    except (EOFError, lzma.LZMAError) as error:
        raise BadFile(path, [f"cannot be unpacked: {error}"]) from error
    except csv.Error as error:
        raise BadFile(path, [f"is no CSV file: {error}"]) from error
    except OSError as error:
        raise BadFile(path, [f"cannot be read: {error.strerror or error}"]) from error
