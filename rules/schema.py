"""The JSON Schema of rule files, for editors that complete and check while one writes.

It is made from the same tables that read the file, so it allows every key that ``check`` allows; what only ``check`` can
see (names that are defined elsewhere, contradictions, placeholders) is left to it. Dialect: JSON Schema 2020-12.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .conditions import GROUPS, PRESENCE
from .facts import FACTS, PATTERNS
from .operators import OPERATORS
from .rulekeys import FILE
from .shapes import SCALAR, TRUTH

if TYPE_CHECKING:
    from .facts import Fact
    from .shapes import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CONDITION: Schema = {"$ref": "#/$defs/condition"}


def json_schema() -> Schema:
    """The schema of a rule file; values may be written as text wherever an editor sees a number or a boolean."""
    types = {f"{_name(kind)}_condition": _of_type(kind) for kind in sorted({fact.type for fact in FACTS.values()})}
    definitions = {"condition": _condition(), "set_value": _set_value(), **types}
    return {
        "$schema": DIALECT,
        "title": "makegood rules",
        "description": "Rules for a helpdesk: who owns a ticket, what happens when, and what customers are told.",
        **FILE.schema(),
        "$defs": definitions,
    }


def _condition() -> Schema:
    members: Schema = {"anyOf": [_CONDITION, {"type": "array", "items": _CONDITION, "minItems": 1}]}
    meaning = {
        "all": "Every entry or item must hold.",
        "any": "At least one entry or item must hold.",
        "none": "No entry or item may hold.",
    }
    groups = {name: {**members, "description": meaning[name]} for name in GROUPS}
    named = {"condition": {"type": "string", "description": "A condition defined under `conditions`."}}
    facts = {name: _of_fact(fact) for name, fact in FACTS.items() if name not in PATTERNS}
    return {
        "type": "object",
        "properties": {**groups, **named, **facts},
        "patternProperties": {_pattern(name): _of_fact(FACTS[name]) for name in PATTERNS},
        "additionalProperties": False,
        "minProperties": 1,
    }


def _pattern(name: str) -> str:
    """A pattern of names as a regular expression; that of a clock leaves its ``.due`` to the pattern for it."""
    before, _, after = name.partition("<name>")
    inner = r"(?!.*\.due$).+" if f"{name}.due" in FACTS else ".+"
    return f"^{re.escape(before)}{inner}{re.escape(after)}$"


def _of_fact(fact: Fact) -> Schema:
    """What may stand behind a fact: its words, where it has some, else what its type allows."""
    by_type: Schema = {"$ref": f"#/$defs/{_name(fact.type)}_condition"}
    if fact.values is None:
        return {**by_type, "description": fact.doc}
    word = {"enum": [*fact.values, *PRESENCE]}
    words = {"anyOf": [word, {"type": "array", "items": word, "minItems": 1}]}
    operators = {"type": "object", "properties": {"is": words, "not": words}, "additionalProperties": False}
    return {"anyOf": [*words["anyOf"], operators], "description": fact.doc}


def _of_type(kind: str) -> Schema:
    """What may stand behind a fact of this type: a value, a list, or operators."""
    names = [name for name in OPERATORS if kind in OPERATORS[name].types and name not in PRESENCE]
    properties = {name: {**OPERATORS[name].operand.schema(), "description": OPERATORS[name].doc} for name in names}
    operators: Schema = {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}
    if "is" not in names:
        return {"anyOf": [{"enum": list(PRESENCE)}, operators]}
    value: Schema = {"enum": [*TRUTH, True, False, *PRESENCE]} if kind == "yes/no" else {"type": SCALAR}
    return {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}, operators]}


def _set_value() -> Schema:
    """A value, or one that depends on a fact."""
    value: Schema = {"type": SCALAR}
    depends = {
        "type": "object",
        "properties": {"by": {"type": "string"}},
        "required": ["by"],
        "additionalProperties": value,
    }
    return {"anyOf": [value, depends]}


def _name(kind: str) -> str:
    return kind.replace("/", "_")
