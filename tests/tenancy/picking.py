"""What the parts of a request are filled with: what is one's own, another's, nobody's, and nonsense."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from pydantic import JsonValue
from tests.tenancy.household import Tenant

KINDS = {
    "account": "account",
    "connected_account_id": "account",
    "connected_account_ids": "account",
    "call_id": "call",
    "taskId": "call",
    "result_id": "result",
    "key_id": "key",
    "principal": "key",
    "endpoint_id": "endpoint",
    "connection_id": "connection",
    "line_id": "line",
    "id": "authorization",
    "handle": "link",
    "tenant_id": "tenant",
    "cursor": "cursor",
    "alias": "alias",
    "uri": "uri",
    "Idempotency-Key": "idempotency",
    "requestState": "state",
}
"""By the name of a parameter or member; one that is not here is tried with things of every kind, or with a text."""
MALFORMED = ("x", "conn_", "conn_x", "call_" + "0" * 25, "%00", "'", "a b", "ä", "..", "*", "conn_" + "z" * 300)
NOBODY = 500
"""Added to the number in a tag, it is that of a tenant that does not exist."""
TAG = re.compile(r"tq(\d{3})qt")
TOOLS = (
    "sandbox_search_contacts",
    "sandbox_get_contact",
    "sandbox_create_contact",
    "sandbox_delete_contact",
    "sandbox_append_row",
    "sandbox_list_rows",
    "gmail_search_messages",
    "nobody_knows",
)
INPUTS: Mapping[str, JsonValue] = {"contact_id": "con_00000001", "row": ["a"], "name": "Somebody", "query": "qt"}


def unknown(known: str) -> str:
    """What looks like it, and is nobody's; another one for each."""
    if TAG.search(known):
        return TAG.sub(lambda found: f"tq{int(found[1]) + NOBODY}qt", known)
    middle = len(known) - 6 if len(known) < 60 else len(known) // 2
    return known[:middle] + ("Z" if known[middle] != "Z" else "Y") + known[middle + 1 :]


@dataclass
class Picker:
    """Fills one request of `who`; `swaps` are the things of others in it, each with one of nobody's."""

    chance: random.Random
    who: Tenant
    others: Sequence[Tenant]
    keeps: bool
    """Whether what is one's own must be left alone."""
    swaps: dict[str, str] = field(default_factory=dict[str, str])
    comparable: bool = True
    """Whether nobody's must be answered as others' are: what a cursor is made of is no secret."""

    def of_kind(self, kind: str) -> str:
        whose = self.chance.choices(("own", "other", "nobody", "nonsense"), (0 if self.keeps else 45, 38, 12, 5))[0]
        if whose == "nonsense":
            return self.chance.choice(MALFORMED)
        owner = self.who if whose == "own" else self.chance.choice(self.others)
        thing = self.chance.choice(owner.has[kind])
        if whose == "nobody":
            # That in the place of another's must have been sent before just as often as the other's.
            return f"idem-{self.chance.random()}" if kind == "idempotency" else unknown(thing)
        if whose == "other" and thing not in self.who.has[kind]:
            self.swaps[thing] = unknown(thing)
            self.comparable &= kind != "cursor"
        return thing

    def named(self, name: str) -> str | None:
        """A value for a parameter of that name, where it names something."""
        return self.of_kind(KINDS[name]) if name in KINDS else None

    def any_kind(self) -> str:
        return self.of_kind(self.chance.choice(sorted(self.who.has)))

    def of_schema(self, name: str, schema: Mapping[str, JsonValue], parts: Mapping[str, JsonValue]) -> JsonValue:
        """A value that a schema allows, as a rule; `parts` are what it may refer to."""
        schema = self._resolved(schema, parts)
        if schema.get("type") == "array":
            items = _mapping(schema.get("items", {}))
            return [self.of_schema(name, items, parts) for _ in range(self.chance.randrange(3))]
        if (named := self.named(name)) is not None:
            return named
        if "enum" in schema:
            return self.chance.choice(cast("list[JsonValue]", schema["enum"]))
        if name == "tool_input":
            return {key: value for key, value in INPUTS.items() if self.chance.random() < 0.4}
        if name == "values":
            return {"origin": "http://127.0.0.1:1"}
        return self._plain(name, schema, parts)

    def _plain(self, name: str, schema: Mapping[str, JsonValue], parts: Mapping[str, JsonValue]) -> JsonValue:
        match schema.get("type"):
            case "object":
                return self.members(schema, parts)
            case "boolean":
                return self.chance.random() < 0.5
            case "integer" | "number":
                return 0 if name == "wait" else self.chance.choice((0, 1, 2, 5, 100, 100_000))
            case _:
                return self._text(name)

    def members(self, schema: Mapping[str, JsonValue], parts: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """An object with what is required, and some of the rest."""
        wanted = cast("list[str]", schema.get("required", []))
        return {
            name: self.of_schema(name, _mapping(of), parts)
            for name, of in _mapping(schema.get("properties", {})).items()
            if name in wanted or self.chance.random() < 0.4
        }

    def _resolved(self, schema: Mapping[str, JsonValue], parts: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        while "$ref" in schema or "anyOf" in schema:
            if "$ref" in schema:
                schema = _mapping(parts[str(schema["$ref"]).rpartition("/")[2]])
            else:
                schema = _mapping(self.chance.choice(cast("list[JsonValue]", schema["anyOf"])))
        return schema

    def _text(self, name: str) -> JsonValue:
        if name in ("tool_name", "names", "tools"):
            return self.chance.choice(TOOLS)
        if name == "connector":
            return self.chance.choice(("sandbox", "sandbox", "hubspot", "nobody"))
        if name == "url":
            return f"http://127.0.0.1/hooks/{self.who.tag}"
        if name in INPUTS:
            return INPUTS[name]
        return f"text of {self.who.tag}"


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    assert isinstance(value, dict)
    return value
