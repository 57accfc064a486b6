"""A tool: one declared call of a connector. Input schema -> request -> outcome."""

from collections.abc import Mapping
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints, model_validator

from evergrant.catalog.declaration import Pointer
from evergrant.catalog.form import Fits, form_of
from evergrant.catalog.pages import CURSOR, LIMIT, MOST_ITEMS, Pages
from evergrant.catalog.passthrough import Passthrough
from evergrant.catalog.request import RequestTemplate
from evergrant.catalog.shape import schema_of
from evergrant.catalog.template import ITEM, faults, names
from evergrant.model.account import DEFAULT_CREDENTIAL
from evergrant.model.json import Json, JsonObject

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

DETAILED = "detailed"
IDEMPOTENCY_KEY = "idempotency_key"
"""In templates, the key of the call: of its own for every call, and the same one where it is sent again."""
RESERVED = frozenset({ITEM, LIMIT, CURSOR, DETAILED, IDEMPOTENCY_KEY})
"""Names that the language gives a meaning."""
MOST_EACH = 50
"""How many requests a call may make for a list of its input."""
Effect = Literal["read", "write", "destroy"]
ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$", max_length=48)]
StepName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Step(RequestTemplate):
    """A request before the tool's own, whose result the templates after it use by the step's name."""

    effect: Literal["read", "write"] = "read"
    when: str | dict[str, JsonValue] | None = None
    """The input without which it is left out; or what inputs must be, or have among their elements: `{with: diff}`."""
    absent: tuple[int, ...] = ()
    """The statuses that say that there is no such thing, which is no failure here."""
    match: dict[Pointer, JsonValue] = {}
    """Of a result that is a list: what the element has that is taken, whatever the case of its letters."""
    only: bool = False
    """Whether none is taken where several match: then the caller has to say which."""
    missing: str | None = None
    """What is said where its result is not there, and then nothing more is sent; `{input}` is filled in. Without it
    the value is absent."""

    def placed(self) -> set[str]:
        asked = {self.when} if isinstance(self.when, str) else set(self.when or ())
        return super().placed().union(asked, *map(names, self.match.values()))

    def is_wanted(self, values: JsonObject) -> bool:
        """Whether it is sent in a call with these values."""
        if isinstance(self.when, str):
            return self.when in values
        return all(_has(values.get(name), wanted) for name, wanted in (self.when or {}).items())


def _has(given: Json, wanted: Json) -> bool:
    return wanted in given if isinstance(given, list) else given == wanted


class Expand(RequestTemplate):
    """A request for each item of a list whose service gives only ids; what it answers takes the item's place."""

    item: Pointer
    """What of the item stands at `{item}` in the path, or at `$item`."""
    most: int = Field(default=25, ge=1, le=50)
    """How many items a call may ask for: each costs a request."""


class Tool(RequestTemplate):
    """One call that an agent can make."""

    description: Annotated[str, Field(min_length=20, max_length=600)]
    effect: Effect
    idempotent: bool = False
    idempotency_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    """The header by which the provider knows a write again that it has carried out, and answers as it did then."""
    scopes: tuple[str, ...] = ()
    tier: Literal["core", "extended"] = "core"
    input: dict[str, dict[str, JsonValue]]
    required: tuple[str, ...] = ()
    first: dict[StepName, Step] = {}
    """Requests that come before, in this order."""
    passthrough: Passthrough | None = None
    """The caller names path and query himself: `<service>_request`."""
    credential: str = DEFAULT_CREDENTIAL
    """Which of the account's grants signs the call."""
    each: str | None = None
    """The input, a list, for each element of which the request is sent; `{item}` in the path, or `$item`, is it."""
    items: Pointer | None = None
    """Where in the result its list is."""
    pages: Pages | None = None
    expand: Expand | None = None
    shape: JsonValue = None
    """What of the result, or of each of its items, is given back: a template of pointers into it, which may name inputs
    and results of steps too."""
    adds: JsonValue = None
    """Members that are given back beside the result's: a template of what the steps found."""
    detailed: bool = True
    """Whether the caller may ask for more than the shape."""
    output: dict[str, JsonValue] | None = None
    """The JSON Schema of what is given back; where there is a shape, it need not be written out."""
    example: dict[str, JsonValue]

    @model_validator(mode="after")
    def _hangs_together(self) -> "Tool":
        every = (self, *self.first.values(), *([self.expand] if self.expand else []))
        templates = chain(*(each.template_faults() for each in every), faults(self.adds), faults(self.shape))
        if wrong := next(templates, None):
            raise ValueError(wrong)
        if self.expand and self.items is None:
            raise ValueError("expand needs items, a pointer to the list in the result")
        if self.each and (self.effect != "read" or self.items is not None):
            raise ValueError("each makes a list of what is read one by one, so the tool reads and has no items")
        if self.each and not _has_bounds(self.input.get(self.each, {})):
            raise ValueError(f"each needs an input that is a list with minItems and maxItems, at most {MOST_EACH}")
        if self.pages and self.items is None:
            raise ValueError("pages needs items, a pointer to the list in the result")
        if self.adds is not None and (self.items is not None or not isinstance(self.adds, dict)):
            raise ValueError("adds is a mapping of members, for a result that is no list")
        if taken := RESERVED & {*self.input, *self.first} - self._free_names():
            raise ValueError(f"has a meaning of its own here, so it names no input: {', '.join(sorted(taken))}")
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> "Tool":
        used = self.used - {*self.first, *self._pages_names(), IDEMPOTENCY_KEY}
        if unknown := (used | set(self.required) | set(self.example)) - set(self.inputs):
            raise ValueError(f"not an input: {', '.join(sorted(unknown))}")
        if self.body is not None and self.method not in ("GET", "DELETE") and (idle := set(self.input) - used):
            raise ValueError(f"named neither in the path nor in query or body: {', '.join(sorted(idle))}")
        always = {*self.required, *self.first, *(name for name, schema in self.input.items() if "default" in schema)}
        if missing := set(self.in_path) - always - self._own_names():
            raise ValueError(f"in the path, so it must be required or have a default: {', '.join(sorted(missing))}")
        return self

    def _free_names(self) -> set[str]:
        """Of the reserved ones, those that this tool has no use for."""
        of_pages = set[str]() if self.pages else {LIMIT, CURSOR}
        return of_pages | (set[str]() if self.has_detailed else {DETAILED})

    def _own_names(self) -> set[str]:
        """Of the names that the language gives a meaning, the one that stands for an element of `each`."""
        return {ITEM} if self.each else set[str]()

    def _pages_names(self) -> set[str]:
        return {LIMIT, CURSOR} if self.pages else set()

    @cached_property
    def used(self) -> set[str]:
        """The inputs and results of steps that have a place in a request, in the shape or beside it."""
        of_items = self.expand.placed() - {ITEM} if self.expand else set[str]()
        placed = self.placed() - self._own_names() | ({self.each} if self.each else set[str]())
        given_back = names(self.shape) | names(self.adds)
        return placed.union(given_back, of_items, *(step.placed() for step in self.first.values()))

    @property
    def has_detailed(self) -> bool:
        """Whether the caller may say `detailed`."""
        return self.shape is not None and self.detailed

    @cached_property
    def inputs(self) -> dict[str, dict[str, JsonValue]]:
        """All that a caller may give: what is declared, and what pages and shape bring."""
        most = self.expand.most if self.expand else MOST_ITEMS
        given = {**self.input, **(self.pages.inputs(most) if self.pages else {})}
        if self.has_detailed:
            given[DETAILED] = {
                "type": "boolean",
                "default": False,
                "description": "All that the service gives, not only the useful part.",
            }
        return given

    @cached_property
    def validator(self) -> "Draft202012Validator":
        """Of the input; made at the tool's first call."""
        from jsonschema import Draft202012Validator  # noqa: PLC0415  (a thirtieth of a start, and no start needs it)

        return Draft202012Validator(self.input_schema)

    @cached_property
    def form(self) -> Fits | None:
        """Tells whether a value is what the tool says it gives back; None where it says nothing that can be told."""
        return None if self.output_schema is None else form_of(self.output_schema)

    @property
    def input_schema(self) -> dict[str, JsonValue]:
        """The JSON Schema (2020-12) of the whole input."""
        return {
            "type": "object",
            "properties": dict(self.inputs),
            "required": list(self.required),
            "additionalProperties": False,
        }

    @property
    def output_schema(self) -> JsonObject | None:
        """The JSON Schema of what is given back, as declared, else as the shape has it; None where neither says."""
        if self.output is not None or self.shape is None:
            return self.output
        shaped = schema_of(self.shape)
        if isinstance(self.adds, dict):
            beside: JsonObject = {name: {} for name in self.adds}
            there = shaped.get("properties")
            return {"type": "object", "properties": {**(there if isinstance(there, dict) else {}), **beside}}
        if self.items is None and self.each is None:
            return shaped
        listed: JsonObject = {"items": {"type": "array", "items": shaped}, "next_cursor": {"type": "string"}}
        return {"type": "object", "properties": listed, "required": ["items"]}


def _has_bounds(schema: Mapping[str, JsonValue]) -> bool:
    """Whether a list has an element, and not too many."""
    least, most = schema.get("minItems"), schema.get("maxItems")
    return isinstance(least, int) and isinstance(most, int) and 1 <= least <= most <= MOST_EACH
