"""The types of Python code as the JSON Schema that `Schema` reads: members of classes, with their names on the wire."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.contracts.annotations import Names, last_name, members, node, text_of

from evergrant.model.json import Json, JsonObject

ALIASES: Final = ("alias", "serialization_alias")


def types_in(files: Sequence[Path]) -> JsonObject:
    """Each class (a TypedDict, a dataclass, a model) and each alias, by name; those of one name are alternatives.

    What derives from a class, where the class itself tells, is an alternative of it too; `Name.` is it without these.
    """
    found = [each for file in files for each in _declared(ast.parse(file.read_text(encoding="utf-8")))]
    names = frozenset(name for name, _ in found)
    own, derived = defaultdict[str, list[Json]](list), defaultdict[str, list[Json]](list)
    for name, what in found:
        if isinstance(what, ast.ClassDef):
            own[name].append(_class(what, names))
            derived[name] += _derived(what, names)
        else:
            own[name].append(node(what, names))
    whole: JsonObject = {name: {"anyOf": [*nodes, *derived[name]]} for name, nodes in own.items()}
    return {**whole, **{f"{name}.": {"anyOf": nodes} for name, nodes in own.items()}}


def _declared(module: ast.Module) -> Iterator[tuple[str, ast.ClassDef | ast.expr]]:
    for statement in module.body:
        match statement:
            case ast.ClassDef():
                yield statement.name, statement
            case ast.Assign(targets=[ast.Name(id=name)], value=(ast.Subscript() | ast.BinOp() | ast.Call()) as value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value) if (
                last_name(annotation) == "TypeAlias"
            ):
                yield name, value
            case _:
                continue


def _class(declared: ast.ClassDef, names: Names) -> JsonObject:
    properties, written = dict[str, Json](), _written(declared)
    for field in declared.body:
        match field:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                on_the_wire = written.get(name) or _on_the_wire(field, name)
                # OData takes the parameters of an action in both forms; its documentation has the second.
                for form in {on_the_wire, on_the_wire[0].lower() + on_the_wire[1:]} if written else {on_the_wire}:
                    properties[form] = node(annotation, names)
            case ast.Assign(targets=[ast.Name(id="swagger_types")], value=ast.Dict() as listed):
                properties |= members(listed, lambda value: node(value, names))
            case _:
                continue
    above: list[Json] = [{"$ref": f"#/{base}."} for base in map(last_name, declared.bases) if base in names]
    return {"properties": properties, "allOf": above} if above else {"properties": properties}


def _derived(declared: ast.ClassDef, names: Names) -> Iterator[Json]:
    """The classes that `create_from_discriminator_value` may make instead of this one."""
    made = (
        last_name(each.value.func)
        for function in declared.body
        if isinstance(function, ast.FunctionDef) and function.name == "create_from_discriminator_value"
        for each in ast.walk(function)
        if isinstance(each, ast.Return) and isinstance(each.value, ast.Call)
    )
    yield from ({"$ref": f"#/{name}"} for name in made if name in names and name != declared.name)


def _written(declared: ast.ClassDef) -> dict[str, str]:
    """What a class writes its fields as, where it does so itself: `write_str_value("dueDate", self.due_date)`."""
    calls = (each.args for each in ast.walk(declared) if isinstance(each, ast.Call))
    pairs = (args for args in calls if len(args) == 2 and isinstance(args[1], ast.Attribute))
    return {last_name(field): name for name_of, field in pairs if (name := text_of(name_of)) is not None}


def _on_the_wire(field: ast.AnnAssign, name: str) -> str:
    keywords = (each for each in ast.walk(field) if isinstance(each, ast.keyword) and each.arg in ALIASES)
    return next((alias for each in keywords if (alias := text_of(each.value)) is not None), name)
