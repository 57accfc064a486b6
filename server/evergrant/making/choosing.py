"""Which operations are meant by what a person typed."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from evergrant.making.document import BadDocument, Operation
from evergrant.making.naming import Name

MOST = 40
"""Operations without a choice: nobody reads more tools, and a model none of them well."""
MOST_SHOWN = 8


def choose(operations: Sequence[Operation], names: dict[int, Name], patterns: Sequence[str]) -> list[int]:
    """The places of the operations that a pattern fits, all without one; raises BadDocument."""
    if not patterns:
        return list(range(len(operations)))
    chosen = [n for n, each in enumerate(operations) if any(_fits(each, names[n], pattern) for pattern in patterns)]
    idle = [p for p in patterns if not any(_fits(each, names[n], p) for n, each in enumerate(operations))]
    if idle:
        raise BadDocument(f"No operation is meant by {idle[0]!r}.{_near(operations, idle[0])} List them with --list.")
    return chosen


def check_number(chosen: Sequence[int], patterns: Sequence[str]) -> None:
    """Raises BadDocument where too many would be taken over without having been chosen."""
    if not patterns and len(chosen) > MOST:
        raise BadDocument(
            f"It has {len(chosen)} operations, and more than {MOST} are not taken without a choice. See them with "
            "--list, and choose with --operations, by id, path or pattern: --operations 'listUsers' --operations "
            "'GET /users/*'"
        )


def _fits(operation: Operation, name: Name, pattern: str) -> bool:
    known = (operation.id, operation.path, operation.title, name.tool, *operation.tags)
    return any(each == pattern or fnmatchcase(each, pattern) for each in known if each)


def _near(operations: Sequence[Operation], pattern: str) -> str:
    bare = pattern.strip("*").casefold()
    near = [each.id or each.title for each in operations if bare and bare in f"{each.id} {each.title}".casefold()]
    return f" Near it are: {', '.join(near[:MOST_SHOWN])}." if near else ""
