"""The operations that a client library in Python calls, with the names that it gives to each call."""

import ast
import re
from collections.abc import Iterator, Sequence

from tests.contracts.annotations import NOTHING
from tests.contracts.clients import joined, with_placeholders
from tests.contracts.contract import Description
from tests.contracts.operation import Operation, Schema
from tests.contracts.python_values import Values

from evergrant.model.json import JsonObject


def calls(description: Description, text: str, types: JsonObject) -> Iterator[Operation]:
    """One for each call that a pattern finds at its beginning, as `ast.unparse` writes it.

    Not those of asynchronous functions: where a library has these, they say the same.
    """
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef):
            yield from _of_function(description, Values(function, types))


def _of_function(description: Description, values: Values) -> Iterator[Operation]:
    for call in ast.walk(values.function):
        if not isinstance(call, ast.Call):
            continue
        written = ast.unparse(call)
        for pattern in description.patterns:
            if (found := re.match(pattern, written)) and (path := _path(description, found["path"], values)):
                yield _operation(description, found.groupdict().get("method") or "*", path, call, values)


def _path(description: Description, written: str, values: Values) -> str | None:
    """As it is written, or what the description says of the expression that is written there or given to the name."""
    if not description.expressions:
        return written
    expressions = (written, *map(ast.unparse, values.given_to(written)))
    known = description.expressions.items()
    return next((path for each in expressions for begin, path in known if each.startswith(begin)), None)


def _operation(description: Description, method: str, path: str, call: ast.Call, values: Values) -> Operation:
    query, body = (_given(names, call, values) for names in (description.query, description.body))
    members = query.members() if query else None
    return Operation(
        method.upper(),
        joined(description.base, with_placeholders(path)),
        None if members is None else frozenset(members),
        body if body and body.members() is not None else None,
    )


def _given(names: Sequence[str], call: ast.Call, values: Values) -> Schema | None:
    """What a call gives to arguments of these names, anywhere within it; None where the description has no names."""
    if not names:
        return None
    within = [each.value for each in ast.walk(call) if isinstance(each, ast.keyword) and each.arg in names]
    within += [each for each in call.args if isinstance(each, ast.Name) and each.id in names]
    return Schema({"anyOf": [values.schema(each) for each in within]} if within else NOTHING, values.types)
