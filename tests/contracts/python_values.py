"""What the values within a function of a Python library are made of, as JSON Schema."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.contracts.annotations import ANYTHING, NOTHING, last_name, members, node, text_of

from evergrant.model.json import Json, JsonObject

DEEPEST: Final = 5


@dataclass(frozen=True, slots=True)
class Values:
    """Those of one function."""

    function: ast.FunctionDef
    types: JsonObject

    def schema(self, value: ast.expr, depth: int = 0) -> JsonObject:
        """Of the type that is named in the value, else of the members that are written out in it."""
        if depth > DEEPEST:
            return ANYTHING
        match value:
            case ast.Dict(keys=[]) | ast.List(elts=[]) | ast.Constant(value=None):
                return NOTHING
            case ast.Dict():
                return {"properties": members(value, lambda each: self.schema(each, depth + 1))}
            case ast.Name(id=name):
                found = [self.schema(each, depth + 1) for each in self.given_to(name)]
                return _merged(found) if found else self._argument(name)
            case ast.Call() | ast.Lambda():
                return self._made(value, depth + 1)
            case _:
                key = text_of(value.slice) if isinstance(value, ast.Subscript) else None
                return ANYTHING if key is None else self._argument(key)

    def _made(self, value: ast.Call | ast.Lambda, depth: int) -> JsonObject:
        """Of what makes an instance of a type, else by a type among the arguments, else by the arguments."""
        if isinstance(value, ast.Lambda):
            return self.schema(value.body, depth)
        if last_name(value.func) in self.types:
            return node(value.func, self.types)
        parts = [each for each in _arguments(value) if not isinstance(each, ast.Constant)]
        typed = [schema for each in parts if "$ref" in str(schema := node(each, self.types))]
        return _merged(typed or [self.schema(each, depth) for each in parts])

    def given_to(self, name: str) -> Iterator[ast.expr]:
        """What is assigned to a name, and what is added to it by `update`, `append` of a pair, or a key."""
        for statement in ast.walk(self.function):
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=target)], value=ast.expr() as value)
                    | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
                ) if target == name and name not in _names_in(value):
                    yield value
                case ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr="update"), args=[value]) if (
                    target == name
                ):
                    yield value
                case ast.Call(args=[ast.Tuple(elts=[key, added])], func=ast.Attribute(value=ast.Name(id=target))) | (
                    ast.Assign(targets=[ast.Subscript(value=ast.Name(id=target), slice=key)], value=added)
                ) if target == name:
                    yield ast.Dict(keys=[key], values=[added])
                case _:
                    continue

    def _argument(self, name: str) -> JsonObject:
        """By its annotation, or by the line of the docstring that has its type."""
        given = self.function.args
        for each in (*given.posonlyargs, *given.args, *given.kwonlyargs):
            if each.arg == name and each.annotation is not None:
                return node(each.annotation, self.types)
        told = re.search(rf":param (\w+) {re.escape(name)}:", ast.get_docstring(self.function) or "")
        return node(ast.Name(id=told[1]), self.types) if told else ANYTHING


def _merged(schemas: list[JsonObject]) -> JsonObject:
    several: list[Json] = [each for each in schemas if each != {"properties": {}}]
    return {"anyOf": several} if several else ANYTHING


def _names_in(value: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]
