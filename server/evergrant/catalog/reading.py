"""Strict YAML: JSON with comments.

No dates, no yes/no booleans, no octal numbers, no repeated keys: what the YAML 1.1 of the C parser guesses at, a
connector must write out. Every error names file, line and key.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (PyYAML's stubs leave these out)

import json
import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from evergrant.catalog.declaration import DeclarationError
from evergrant.model.json import Json

T = TypeVar("T")
Loc = Sequence[int | str]


class _Loader(yaml.CSafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key is repeated in this mapping", node.start_mark)
        return mapping


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|)$", ["n", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def read(path: Path) -> dict[str, Json]:
    """The mapping in a YAML file; raises DeclarationError with file and line."""
    try:
        data = yaml.load(path.read_bytes(), _Loader)  # noqa: S506  (a subclass of the safe loader)
    except OSError as error:
        raise DeclarationError(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DeclarationError(f"{path}:{line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise DeclarationError(f"{path}: {error}") from None
    if not isinstance(data, dict):
        raise DeclarationError(f"{path}:1: must be a mapping of names to values")
    return cast("dict[str, Json]", data)


def parse(adapter: TypeAdapter[T], data: object, path: Path) -> T:
    """`data`, read from `path`, as the adapter's type; raises DeclarationError naming every fault with its line."""
    try:
        return adapter.validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        faults = (f"{path}:{line_of(path, e['loc'])}: {_dotted(e['loc'])}{e['msg']}" for e in error.errors())
        raise DeclarationError("\n".join(faults)) from None


def line_of(path: Path, loc: Loc) -> int:
    """The line (from 1) where the value at `loc` stands, or its nearest parent."""
    node = yaml.compose(path.read_bytes(), _Loader)
    line = node.start_mark.line if node else 0
    for key in loc:
        found = _child(node, key)
        if found is None:
            continue  # a step inside a union's name, not inside the file
        node, line = found
    return line + 1


def _child(node: yaml.Node | None, key: int | str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        pairs = ((name, value) for name, value in node.value if name.value == str(key))
        return next(((value, name.start_mark.line) for name, value in pairs), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        value = node.value[key]
        return value, value.start_mark.line
    return None


def _dotted(loc: Loc) -> str:
    return ".".join(map(str, loc)) + ": " if loc else ""
