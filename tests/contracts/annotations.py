"""Annotations of Python code as the JSON Schema that `Schema` reads."""

import ast
from collections.abc import Callable, Collection, Sequence
from typing import Final

from evergrant.model.json import Json, JsonObject

Names = Collection[str]
LISTS: Final = ("List", "list", "Iterable", "Sequence", "SequenceNotStr")
SEVERAL: Final = ("Optional", "Union", "Required", "NotRequired")
NO_OBJECTS: Final = ("str", "int", "float", "bool", "bytes", "datetime", "date", "Literal", "None")
NOTHING: Final[JsonObject] = {"type": "null"}
ANYTHING: Final[JsonObject] = {}


def node(written: ast.expr, names: Names) -> JsonObject:
    """The schema of an annotation; what is no type of `names` may be anything."""
    match written:
        case ast.Constant(value=str(text)):
            return node(ast.parse(text, mode="eval").body, names)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return {"anyOf": [node(left, names), node(right, names)]}
        case ast.Subscript(value=outer, slice=inner):
            return _generic(last_name(outer), inner.elts if isinstance(inner, ast.Tuple) else [inner], names)
        case ast.Call(func=function, args=[_, meant]):
            return _made(last_name(function), meant, names)
        case _:
            name = "None" if isinstance(written, ast.Constant) else last_name(written)
            return {"type": "string"} if name in NO_OBJECTS else {"$ref": f"#/{name}"} if name in names else ANYTHING


def members(listed: ast.Dict, meant: Callable[[ast.expr], Json]) -> JsonObject:
    """Those of a display whose names are written out."""
    pairs = zip(listed.keys, listed.values, strict=True)
    return {name: meant(value) for key, value in pairs if (name := text_of(key)) is not None}


def text_of(written: ast.expr | None) -> str | None:
    """A text that is written out."""
    return written.value if isinstance(written, ast.Constant) and isinstance(written.value, str) else None


def last_name(written: ast.expr) -> str:
    """`b` of `a.b`."""
    match written:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _made(by: str, meant: ast.expr, names: Names) -> JsonObject:
    if by == "TypedDict" and isinstance(meant, ast.Dict):
        return {"properties": members(meant, lambda value: node(value, names))}
    return node(meant, names) if by == "TypeAliasType" else ANYTHING


def _generic(name: str, inner: Sequence[ast.expr], names: Names) -> JsonObject:
    if name in LISTS:
        return {"type": "array", "items": node(inner[0], names)}
    if name in SEVERAL:
        return {"anyOf": [node(each, names) for each in inner]}
    if name == "Annotated":
        return node(inner[0], names)
    return {"type": "string"} if name in NO_OBJECTS else ANYTHING
