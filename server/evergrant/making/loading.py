"""The text of a description as JSON: bounded in size and depth, without dates and halves of characters."""

# pyright: reportUnknownMemberType=false
# (PyYAML's stubs leave these out)

import json
import math
import re
from collections.abc import Mapping
from typing import NoReturn, cast

import yaml

from evergrant.making.document import BadDocument
from evergrant.model.json import Json

LARGEST = 64 << 20
MOST_NODES = 3_000_000
DEEPEST = 100
SURROGATES = re.compile("[\ud800-\udfff]")


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's core schema: no dates, no yes and no."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:null|Null|NULL|~|)$", ["n", "N", "~", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def load(raw: bytes, most_nodes: int = MOST_NODES) -> Mapping[str, Json]:
    """The object in a JSON or YAML text, which has so many values at most; raises BadDocument."""
    if len(raw) > LARGEST:
        raise BadDocument(f"It is larger than {LARGEST >> 20} MiB. Cut out the part that you need.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadDocument("It is not UTF-8 text. Save it as UTF-8.") from None
    found = _Copy(most_nodes).of(_json(text) if text.lstrip()[:1] in ("{", "[") else _yaml(text))
    if not isinstance(found, Mapping):
        raise BadDocument("It is not an object with openapi, swagger or discoveryVersion in it.")
    return found


def _json(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise BadDocument(f"It is not JSON: {error}.") from None
    except RecursionError:
        raise BadDocument(f"It is nested deeper than {DEEPEST}.") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _yaml(text: str) -> object:
    try:
        return yaml.load(text, _Loader)  # noqa: S506  (a subclass of the safe loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise BadDocument(f"It is neither JSON nor YAML: {line}{error.problem}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadDocument(f"It is neither JSON nor YAML: {error}.") from None
    except RecursionError:
        raise BadDocument(f"It is nested deeper than {DEEPEST}.") from None


class _Copy:
    """A copy as plain JSON; what is repeated by YAML's aliases counts each time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._nodes = 0

    def of(self, value: object, depth: int = 0) -> Json:
        self._nodes += 1
        if self._nodes > self._most:
            raise BadDocument(f"It has more than {self._most} values. Cut out the part that you need.")
        if depth > DEEPEST:
            raise BadDocument(f"It is nested deeper than {DEEPEST}.")
        match value:
            case str():
                return _clean(value)
            case dict():
                members = cast("dict[object, object]", value)
                return {_key(key): self.of(part, depth + 1) for key, part in members.items()}
            case list():
                return [self.of(part, depth + 1) for part in cast("list[object]", value)]
            case float():
                return value if math.isfinite(value) else None
            case bool() | int() | None:
                return value
            case _:
                return None  # a set or bytes of YAML


def _key(key: object) -> str:
    """YAML reads a status code as a number."""
    return _clean(key) if isinstance(key, str) else json.dumps(key, default=str)


def _clean(text: str) -> str:
    return SURROGATES.sub("\ufffd", text)
