"""Whether what the tools ask is what the descriptions say: method, path, and the names of parameters and members."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.contracts.asked import Asked, asked
from tests.contracts.contract import Contract, Description
from tests.contracts.graphql import graphql_faults
from tests.contracts.names import strangers
from tests.contracts.operation import Operation
from tests.contracts.packages import files
from tests.contracts.reading import operations

from evergrant.catalog.connector import Connector
from evergrant.catalog.tool import Tool

Verdict = Literal["verified", "path", "audited", "undescribed", "wrong"]
ORDER: Final[tuple[Verdict, ...]] = ("verified", "path", "audited", "undescribed", "wrong")
"""`verified`: path and names; `path`: only that, as its description does not have all names; `audited`: by hand."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one tool."""

    tool: str
    verdict: Verdict
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """All that the descriptions of one service say."""

    operations: Sequence[tuple[Description, Sequence[Operation]]]
    schemas: Sequence[Path]
    """Of GraphQL."""


def known(contract: Contract) -> Known:
    """Raises Unreachable where a package cannot be had, LookupError where it has no such file."""
    graphs = [file for each in contract.descriptions if each.kind == "graphql" for file in files(each)]
    return Known([(each, operations(each)) for each in contract.descriptions], graphs)


def check(connector: Connector, tools: Mapping[str, Tool], contract: Contract, known: Known) -> Iterator[Finding]:
    """A finding for each tool but the passthrough; raises LookupError where the contract names a tool there is not."""
    by_hand = {name for audit in contract.audited for name in audit.tools}
    if strange := {*by_hand, *contract.undescribed} - set(tools):
        raise LookupError(f"there are no tools {', '.join(sorted(strange))}")
    for name, tool in tools.items():
        if tool.passthrough:
            continue
        results = [_looked_up(each, tool, known) for each in asked(connector, tool)]
        why = tuple(reason for _, reasons in results for reason in reasons)
        audits = contract.by_hand(name)
        left = tuple(reason for reason in why if not any(audit.covers(reason) for audit in audits))
        if not why:
            yield Finding(name, "path" if any(level == "path" for level, _ in results) else "verified")
        elif not left:
            yield Finding(name, "audited", tuple(audit.against for audit in audits))
        elif name in contract.undescribed:
            yield Finding(name, "undescribed", (contract.undescribed[name],))
        else:
            yield Finding(name, "wrong", left)


def _looked_up(one: Asked, tool: Tool, known: Known) -> tuple[Verdict, Sequence[str]]:
    if one.graphql is not None and known.schemas:
        return "verified", list(graphql_faults(one, known.schemas))
    found = [
        operation
        for description, there in known.operations
        for operation in there
        if operation.is_at(one.method, _renamed(description, one.address))
    ]
    if not found:
        return "wrong", [f"nothing describes {one.method} {one.address}"]
    closest = max(operation.literal for operation in found)
    return _best([_compared(one, tool, operation) for operation in found if operation.literal == closest])


def _best(results: Sequence[tuple[Verdict, Sequence[str]]]) -> tuple[Verdict, Sequence[str]]:
    """Of those that tell names, where there are any: one that tells none cannot speak for what these do not know."""
    return min(results, key=lambda result: (ORDER.index(result[0]), len(result[1])))


def _compared(one: Asked, tool: Tool, operation: Operation) -> tuple[Verdict, Sequence[str]]:
    sends_body = one.body is not None or bool(one.more)
    if operation.query is None:
        return "path" if one.query or sends_body else "verified", []
    at = f"{one.method} {one.address}"
    level: Verdict = "path" if operation.body is None and sends_body else "verified"
    outside = {name for name in one.query - operation.query if name.partition("[")[0] not in operation.query}
    unknown = [f"{at} has no parameter {name}" for name in sorted(outside)]
    if operation.body is not None:
        there = strangers(one.body, operation.body, tool.input)
        unknown += [f"{at} has no member {name} in its body" for name in there]
        members = operation.body.members()
        extra = one.more - set(members) if members is not None else set[str]()
        unknown += [f"{at} has no member {name} in its body" for name in sorted(extra)]
    return level, unknown


def _renamed(description: Description, address: str) -> str:
    rest = address.removeprefix(description.base.rstrip("/"))
    for ours, theirs in description.renamed.items():
        if rest.startswith(ours) and rest != address:
            return description.base.rstrip("/") + theirs.replace("{id}", "~") + rest.removeprefix(ours)
    return address
