"""One operation as one tool, as large as a model can be asked to read."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from evergrant.catalog.tool import Tool
from evergrant.lint.connectors import MOST_MEAN_TOKENS
from evergrant.lint.inputs import tokens
from evergrant.making.describing import Describer
from evergrant.making.document import Document, Obstacle, Operation, Scheme
from evergrant.making.inputs import inputs_of
from evergrant.making.naming import Name
from evergrant.making.paging import Paging, paging_of
from evergrant.making.parts import mapping
from evergrant.making.results import items_of, result_keys
from evergrant.making.schema import THRIFT, Thrift
from evergrant.making.slots import Slots, slots_of
from evergrant.model.json import Json

LIMITS = (450, 380, 330, 285)
"""Tokens that a tool may have: the next one holds where the mean of a connector would be above the last."""
EFFECTS: Mapping[str, str] = {"GET": "read", "DELETE": "destroy"}
LOOKING = ("search", "find", "query", "list", "get", "read")
"""Verbs of operations that may only read though they are a POST."""
IDEMPOTENT = ("PUT", "DELETE")
"""RFC 9110 9.2.2."""
ORDER = (
    "description", "request", "effect", "idempotent", "idempotency_header", "scopes", "input", "required", "query",
    "body", "headers", "encoding", "answer", "items", "pages", "shape", "detailed", "output", "example",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A tool as a file has it."""

    name: str
    keys: Mapping[str, Json]
    tool: Tool
    notes: tuple[str, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Signing:
    """How the connector signs, as far as a tool must know."""

    scheme: Scheme | None
    encoding: str
    """What the connector says of bodies."""


@dataclass(frozen=True, slots=True)
class _Plan:
    operation: Operation
    name: Name
    scopes: tuple[str, ...]
    slots: Slots
    items: str | None
    paging: Paging | None


class ToolMaker:
    """Makes the tools of one connector."""

    def __init__(self, document: Document, signing: Signing, describer: Describer) -> None:
        self._document = document
        self._signing = signing
        self._describer = describer

    def make(self, operation: Operation, name: Name, scopes: tuple[str, ...], limit: int) -> Made:
        """The tool, of so many tokens at most; raises Obstacle where none can be made."""
        if operation.obstacle:
            raise operation.obstacle
        references = self._document.references
        items = items_of(references, operation)
        paging = paging_of(references, operation, items) if items is not None else None
        slots = slots_of(self._document, operation, self._signing.scheme, paging.parameters if paging else ())
        plan = _Plan(operation, name, scopes, slots, items, paging)
        for thrift in THRIFT[:-1]:
            made = self._at(plan, thrift)
            if made.tokens <= limit:
                return made
        made = self._at(plan, THRIFT[-1])
        if made.tokens > max(limit, MOST_MEAN_TOKENS):
            raise Obstacle(f"A model would read {made.tokens} tokens of it at least.", "Write it by hand, shorter.")
        return made

    def _at(self, plan: _Plan, thrift: Thrift) -> Made:
        operation, name, paging = plan.operation, plan.name, plan.paging
        given = inputs_of(self._document, operation, plan.slots, thrift, self._gives(plan.slots, name))
        keys: dict[str, Json] = {
            "description": self._describer.describe(operation, name, thrift.purpose),
            "request": f"{operation.method} {operation.base_url or ''}{plan.slots.path}",
            "effect": EFFECTS.get(operation.method, "write"),
            **({"idempotent": True} if operation.method in IDEMPOTENT else {}),
            **({"scopes": list(plan.scopes)} if plan.scopes else {}),
            **given.keys,
            **self._encoding(operation, given.keys),
            **({"pages": paging.pages} if paging else {}),
            **result_keys(self._document.references, operation, plan.items, paged=paging is not None),
            "example": given.example,
        }
        ordered = {key: keys[key] for key in ORDER if key in keys}
        tool = _checked(ordered)
        is_doubtful = operation.method == "POST" and name.verb in LOOKING
        doubts = ("If it only reads, its effect is read",) if is_doubtful else ()
        return Made(name.tool, ordered, tool, (*doubts, *given.notes), tokens(name.tool, tool))

    def _gives(self, slots: Slots, name: Name) -> dict[str, str]:
        found = {slot.name: self._describer.gives(slot.name, name) for slot in slots.every}
        return {each: tool for each, tool in found.items() if tool}

    def _encoding(self, operation: Operation, keys: Mapping[str, Json]) -> dict[str, Json]:
        body = operation.body
        has_one = body is not None and (operation.method not in ("GET", "DELETE") or "body" in keys)
        return {"encoding": body.encoding} if body and has_one and body.encoding != self._signing.encoding else {}


def _checked(keys: Mapping[str, Json]) -> Tool:
    try:
        return Tool.model_validate(mapping(keys))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        why = f"The language has no way to say it: {place}: {first['msg']}".rstrip(".: ")
        raise Obstacle(f"{why}.", "Write it by hand.") from None
