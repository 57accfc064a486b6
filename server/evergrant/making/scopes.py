"""The narrowest of the scopes of which Google's operations need any one."""

from collections import Counter
from collections.abc import Mapping, Sequence

from evergrant.making.document import Operation

PARTIAL = ("metadata", "addons", "appdata", "apps.readonly")
"""Parts of names of scopes with which an operation gives less, or works in some places only."""


def narrowest(operations: Mapping[int, Operation], every: Sequence[Operation]) -> dict[int, tuple[str, ...]]:
    """One scope for each operation: a read-only one for a read, else the one that opens the fewest operations."""
    reach = Counter(scope for operation in every for scope in _any_of(operation))
    some = min(reach, key=lambda scope: (reach[scope], scope), default=None)
    found: dict[int, tuple[str, ...]] = {}
    for number, operation in operations.items():
        scopes = _any_of(operation)
        best = min(scopes, key=lambda scope: (*_rank(scope, operation), reach[scope], scope), default=some)
        found[number] = (best,) if best else ()
    return found


def _any_of(operation: Operation) -> list[str]:
    return [scope for each in operation.security for scopes in each.values() for scope in scopes]


def _rank(scope: str, operation: Operation) -> tuple[bool, bool]:
    is_partial = any(part in scope for part in PARTIAL)
    return is_partial, operation.method == "GET" and not scope.endswith(".readonly")
