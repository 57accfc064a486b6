"""Outcomes as text that can be kept, and back without loss."""

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import cast

from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import FAILURES, Failure, Outcome, Result

RESULT = "result"


def to_text(outcome: Outcome) -> str:
    """One line of ASCII JSON, half a surrogate pair included."""
    kind = RESULT if isinstance(outcome, Result) else outcome.code
    return json.dumps({"kind": kind, "fields": asdict(outcome)}, separators=(",", ":"))


def from_text(text: str) -> Outcome:
    """The outcome that `to_text` made into this text; fields that this version does not know are left out."""
    whole = cast("dict[str, Json]", json.loads(text))
    kind, given = whole["kind"], cast("JsonObject", whole["fields"])
    kinds: dict[str, type[Result | Failure]] = {RESULT: Result, **{each.code: each for each in FAILURES}}
    made = kinds[str(kind)]
    known, make = {field.name for field in fields(made)}, cast("Callable[..., Outcome]", made)
    return make(**{name: _as_field(name, value) for name, value in given.items() if name in known})


def _as_field(name: str, value: Json) -> object:
    return tuple(cast("list[str]", value)) if name == "missing" else value
