"""The operations that code of client libraries names, found by its form."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.contracts.contract import Description
from tests.contracts.operation import Operation, Schema

CODE_PLACEHOLDER: Final = re.compile(r"\$?\{[^{}]*\}|%s|(?<=/):[A-Za-z_]+")
PIECE: Final = re.compile(r"""["'](?P<literal>[^"']*)["']|[^\s,]+""")


def joined(base: str, path: str) -> str:
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def with_placeholders(path: str) -> str:
    """The path with `{x}` where code puts a value into it."""
    return CODE_PLACEHOLDER.sub("{x}", path)


def client(description: Description, file: Path) -> Iterator[Operation]:
    """Code that names methods and paths; names of parameters where the pattern has groups for them."""
    text = file.read_text(encoding="utf-8")
    for pattern in description.patterns:
        for found in re.finditer(pattern, text):
            method = found.groupdict().get("method") or "*"
            path = with_placeholders(found.groupdict().get("path") or _of_pieces(found["pieces"]))
            query, body = (_names(description, found, group) for group in ("query", "body"))
            yield Operation(method.upper(), joined(description.base, path), query, _object(body))


def _names(description: Description, found: re.Match[str], group: str) -> frozenset[str] | None:
    """Those in a group: none where it matched nothing, None where the pattern has no such group."""
    groups = found.groupdict()
    if group not in groups or (group == "body" and groups.get("other")):
        return None
    return frozenset(re.findall(description.names, groups[group] or ""))


def _object(members: frozenset[str] | None) -> Schema | None:
    if members is None:
        return None
    return Schema({"properties": {name: {} for name in members}} if members else {"type": "null"}, None)


def _of_pieces(listed: str) -> str:
    """The path of which code lists the segments: texts, and names of variables."""
    return "/".join(piece["literal"] or "{x}" for piece in PIECE.finditer(listed))
