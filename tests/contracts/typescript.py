"""The operations of a library in TypeScript whose endpoints are functions of `path`, `query` and `body`."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.contracts.clients import joined, with_placeholders
from tests.contracts.contract import Description
from tests.contracts.operation import Operation, Schema
from tests.contracts.typescript_types import type_of, types_in


def endpoints(description: Description, files: Sequence[Path]) -> Iterator[Operation]:
    """One for each that a pattern finds; its function, in the declaration (`x.d.ts`) of the file, has the types."""
    for file in files:
        declared = file.with_suffix(".d.ts").read_text(encoding="utf-8")
        types = types_in(declared)
        for pattern in description.patterns:
            for found in re.finditer(pattern, file.read_text(encoding="utf-8")):
                for function in re.finditer(rf"\b{found['name']}: \(_: (.*?)\) =>", declared, re.DOTALL):
                    given = Schema(type_of(function[1]), types).members() or {}
                    query = given["query"].members() if "query" in given else dict[str, Schema]()
                    yield Operation(
                        found["method"],
                        joined(description.base, with_placeholders(found["path"])),
                        None if query is None else frozenset(query),
                        given.get("body", Schema({"type": "null"}, types)),
                    )
