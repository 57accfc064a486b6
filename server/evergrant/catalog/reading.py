"""Files of connectors: strict YAML (`yaml_values.py`), and errors that name file, line and key."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (PyYAML's stubs leave these out)

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.yaml_values import Fault, Values
from evergrant.model.json import Json

T = TypeVar("T")
Loc = Sequence[int | str]


def read(path: Path) -> dict[str, Json]:
    """The mapping in a YAML file; raises DeclarationError with file and line."""
    try:
        data = Values(path.read_bytes()).document()
    except OSError as error:
        raise DeclarationError(f"{path}: cannot be read: {error.strerror}") from None
    except Fault as fault:
        raise DeclarationError(f"{path}:{fault.line}: {fault}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DeclarationError(f"{path}:{line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise DeclarationError(f"{path}: {error}") from None
    if not isinstance(data, dict):
        raise DeclarationError(f"{path}:1: must be a mapping of names to values")
    return data


def parse(adapter: TypeAdapter[T], data: object, path: Path) -> T:
    """`data`, read from `path`, as the adapter's type; raises DeclarationError naming every fault with its line."""
    try:
        return adapter.validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        faults = (f"{path}:{line_of(path, e['loc'])}: {_dotted(e['loc'])}{e['msg']}" for e in error.errors())
        raise DeclarationError("\n".join(faults)) from None


def line_of(path: Path, loc: Loc) -> int:
    """The line (from 1) where the value at `loc` stands, or its nearest parent."""
    node = yaml.compose(path.read_bytes(), yaml.CSafeLoader)
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
