"""Reading ``makegood.toml``: every mistake with the line it stands on, and what was probably meant."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..connectors import kinds
from ..rules.diagnostics import did_you_mean
from .failure import Failure
from .options import existing_file
from .settings import KINDS, Channel, Helpdesk, Plugin, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails

    Place = tuple[str, ...]


def read_settings(path: Path) -> Settings:
    """The settings in the file at ``path``.

    Raises:
        Failure: there is no such file, or something in it is wrong; all of it is named.
    """
    existing_file(path, "a settings file", "write one with: makegood init --helpdesk local (or zendesk, jira, rt)")
    text = _decoded(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Failure(*_syntax(path, text, str(error))) from None
    return _Reader(path, text).settings(content)


def _decoded(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{path} is not a text in UTF-8 (byte {error.start + 1})", "save it as UTF-8") from None


def _syntax(path: Path, text: str, said: str) -> tuple[str, str]:
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", said)
    if found:
        said, place = found[1], f"{path}:{found[2]}:{found[3]}" if found[2] else f"{path}:{len(text.splitlines())}"
    else:
        place = str(path)
    return f"{place}: {said[:1].lower()}{said[1:]}", 'texts stand in quotes: key = "text"'


Model = TypeVar("Model", bound=BaseModel)


class _Reader:
    """Reads one file's content table by table and collects what is wrong."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.wrong: list[tuple[int, str]] = []

    def settings(self, content: dict[str, Any]) -> Settings:
        rest = {key: value for key, value in content.items() if key not in ("helpdesks", "notify")}
        rest["helpdesks"] = self._tables(content, "helpdesks", self._helpdesk)
        rest["notify"] = self._tables(content, "notify", lambda place, table: self._read(Channel, table, place))
        reserved = {"folder": self.path.parent, "source": str(self.path)}
        for name in set(reserved) & set(rest):
            self._unknown((name,), name, Settings)
        settings = self._read(Settings, rest | reserved, ())
        if settings is None or self.wrong:
            raise Failure("\n".join(said for _, said in sorted(self.wrong)))
        return settings

    def _tables(self, content: dict[str, Any], key: str, read: Any) -> dict[str, Any]:
        tables = content.get(key, {})
        if not isinstance(tables, dict):
            self._say((key,), f"a table is wanted: [{key}.NAME]")
            return {}
        found = {name: read((key, name), table) for name, table in tables.items()}
        return {name: model for name, model in found.items() if model is not None}

    def _helpdesk(self, place: Place, table: object) -> Helpdesk | None:
        kind = table.get("kind") if isinstance(table, dict) else None
        if kind is None:
            self._say(place, f"kind is missing: one of {', '.join(kinds())}")
        elif kind not in kinds():
            nearest = did_you_mean(str(kind), kinds())
            self._say((*place, "kind"), f'there is no kind "{kind}"; {_or_known(nearest, kinds())}')
        else:
            return self._read(KINDS.get(kind, Plugin), table, place)
        return None

    def _read(self, model: type[Model], table: object, place: Place) -> Model | None:
        try:
            return model.model_validate(table)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False, include_context=False):
                self._explain(detail, model, place)
            return None

    def _explain(self, detail: ErrorDetails, model: type[BaseModel], place: Place) -> None:
        inner = tuple(str(part) for part in detail["loc"])
        where = (*place, *inner)
        if detail["type"] == "extra_forbidden":
            self._unknown(where, inner[-1], _model_at(model, inner[:-1]))
        elif detail["type"] == "missing":
            self._say(where[:-1], f"{inner[-1]} is missing")
        else:
            said = detail["msg"].removeprefix("Value error, ")
            self._say(where, f"{said[:1].lower()}{said[1:]}")

    def _unknown(self, where: Place, name: str, model: type[BaseModel]) -> None:
        known = [each for each in model.model_fields if each not in ("folder", "source")]
        self._say(where, f'"{name}" is not a setting; {_or_known(did_you_mean(name, known), known)}')

    def _say(self, where: Place, what: str) -> None:
        line = line_of(self.lines, where)
        place = f"{self.path}:{line}" if line else str(self.path)
        self.wrong.append((line or 0, f"{place}: {'.'.join(where)}: {what}" if where else f"{place}: {what}"))


def _or_known(nearest: str | None, known: Iterable[str]) -> str:
    return f"did you mean {nearest}?" if nearest else f"there are {', '.join(sorted(known))}"


def _model_at(model: type[BaseModel], inner: Place) -> type[BaseModel]:
    """The model of the table that ``inner`` leads to."""
    for name in inner:
        field = model.model_fields.get(name)
        kind = field.annotation if field else None
        model = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else model
    return model


def line_of(lines: list[str], where: Place) -> int | None:
    """The line, counted from 1, on which a key of a TOML file stands; that of its table where it has none of its own."""
    table: Place = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(lines, 1):
        header = re.match(r"\s*\[+([^\]]+)\]", line)
        key = re.match(r"\s*([\w.\"' -]+?)\s*=", line)
        if header:
            table = _parts(header[1])
        found = table if header else (*table, *_parts(key[1])) if key else None
        if found and where[: len(found)] == found and (best is None or len(found) > best[0]):
            best = (len(found), number)
    return best[1] if best else None


def _parts(dotted: str) -> Place:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
