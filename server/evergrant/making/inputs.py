"""An operation's slots as a tool's input, query, body and headers, within what a model is to read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evergrant.calls.request import segment
from evergrant.calls.values import BadValue
from evergrant.lint.inputs import AN_ID, MOST_INPUTS, WHERE_FROM
from evergrant.making.document import Document, Obstacle, Operation
from evergrant.making.examples import example, without_idle_pattern
from evergrant.making.parts import listed, mapping, text
from evergrant.making.plain import plain
from evergrant.making.schema import Thrift, reduced
from evergrant.making.slots import VISIBLE, Slot, Slots, slot_examples
from evergrant.making.words import prose, sentence
from evergrant.model.json import Json, JsonObject

FOLDED = "more"


@dataclass(frozen=True, slots=True)
class Inputs:
    """The keys of a tool that speak of what it is given."""

    keys: Mapping[str, Json]
    example: JsonObject
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Chosen:
    named: Sequence[Slot]
    folded: Sequence[Slot]
    dropped: Sequence[Slot]


def inputs_of(
    document: Document, operation: Operation, slots: Slots, thrift: Thrift, gives: Mapping[str, str]
) -> Inputs:
    """What the tool takes; `gives` says for an id which tool gives it. Raises Obstacle."""
    chosen = _choose(slots.every, thrift)
    maker = _Maker(document, thrift, gives)
    properties: dict[str, Json] = {slot.name: maker.schema(slot) for slot in chosen.named}
    shown = {slot.name: maker.example(slot, mapping(properties[slot.name])) for slot in chosen.named if slot.required}
    required = [slot.name for slot in chosen.named if slot.required]
    if chosen.folded:
        properties[FOLDED] = maker.folded(chosen.folded)
        if any(slot.required for slot in chosen.folded):
            required.append(FOLDED)
            shown[FOLDED] = example(mapping(properties[FOLDED]))
    keys: dict[str, Json] = {"input": properties, **({"required": list(required)} if required else {})}
    keys |= _templates(operation, slots, chosen)
    dropped = [f"{slot.wire} is left out: there is no room for more inputs" for slot in chosen.dropped]
    return Inputs(keys, shown, (*slots.notes, *dropped))


def _choose(every: Sequence[Slot], thrift: Thrift) -> _Chosen:
    """The required ones first; what is left of a body goes into one object, what is left of a query is left out."""
    required = [slot for slot in every if slot.required]
    optional = [slot for slot in every if not slot.required]
    most = max(thrift.inputs, min(len(required), MOST_INPUTS))
    if len(every) <= most:
        return _Chosen(every, (), ())
    first = [*sorted(required, key=lambda slot: slot.place == "body"), *optional]
    is_folding = any(slot.place == "body" and slot.fixed is None for slot in first[most:])
    named = first[: max(most - is_folding, 0)]
    left = [slot for slot in every if slot not in named]
    if wrong := next((slot for slot in left if slot.required and slot.place != "body"), None):
        raise Obstacle(f"It needs more than {MOST_INPUTS} inputs, such as {wrong.wire}.", "Write it by hand.")
    folded = [slot for slot in left if slot.place == "body" and slot.fixed is None] if is_folding else []
    return _Chosen(named, folded, [slot for slot in left if slot not in folded])


@dataclass(frozen=True, slots=True)
class _Maker:
    document: Document
    thrift: Thrift
    gives: Mapping[str, str]

    def schema(self, slot: Slot) -> dict[str, Json]:
        """The schema of an input, described as our lint asks."""
        if slot.fixed is not None:
            return dict(slot.fixed)
        made = reduced(self.document.references, slot.schema, self.thrift)
        if slot.place in ("path", "header"):
            made = _scalar(made)
        own = list(slot_examples(self.document.references, slot))
        fitting = without_idle_pattern(made, own) if slot.required else _without_pattern(made)
        given = prose(slot.description, self.thrift.words) or text(made.get("description"))
        return {**fitting, "description": self._described(slot, fitting, given)}

    def _described(self, slot: Slot, made: Mapping[str, Json], given: str) -> str:
        said = sentence(given[:1].upper() + given[1:]) or f"The {slot.name.replace('_', ' ')}."
        if AN_ID.search(slot.name) and "enum" not in made and not WHERE_FROM.search(said):
            said += f" Id from {self.gives.get(slot.name, 'an earlier answer')}."
        default = plain(self.document.references, slot.schema).get("default")
        if not slot.required and "enum" in made:
            chosen = default if default in listed(made["enum"]) else None
            said += f" Left out, it is {chosen}." if chosen is not None else " It may be left out."
        return re.sub(r"\bLeft out\b", "If left out", said)

    def example(self, slot: Slot, made: Mapping[str, Json]) -> Json:
        own = list(slot_examples(self.document.references, slot))
        found = example(made, own)
        if slot.place == "path":
            return found if _is_segment(found) else example(made)
        if slot.place == "header" and not VISIBLE.fullmatch(str(found)):
            return example(made)
        return found

    def folded(self, slots: Sequence[Slot]) -> dict[str, Json]:
        """One object of the members that have no input of their own."""
        needed = [slot for slot in slots if slot.required]
        shown = [*needed, *(slot for slot in slots if not slot.required)][: max(self.thrift.members, len(needed))]
        inner = replace(self.thrift, depth=max(self.thrift.depth - 1, 0), words=min(self.thrift.words, 60))
        members: dict[str, Json] = {
            slot.wire: _without_pattern(reduced(self.document.references, slot.schema, inner)) for slot in shown
        }
        required: dict[str, Json] = {"required": [slot.wire for slot in needed]} if needed else {}
        others = ", ".join(slot.wire for slot in slots if slot not in shown)
        said = prose(
            f"Further members of what is sent{f', such as {others}' if others else ''}.", self.thrift.words + 60
        )
        is_all = len(shown) == len(slots)
        return {
            "type": "object",
            "description": said,
            **({"properties": members} if members else {}),
            **required,
            "additionalProperties": not (is_all and members),
        }


def _scalar(made: Mapping[str, Json]) -> dict[str, Json]:
    """In a path or a header stands one value."""
    if made.get("type") in ("string", "integer", "number", "boolean"):
        return dict(made)
    described = {"description": made["description"]} if "description" in made else {}
    return {"type": "string", **described}


def _without_pattern(made: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in made.items() if key != "pattern"}


def _is_segment(value: Json) -> bool:
    try:
        segment("example", value)
    except BadValue:
        return False
    return True


def _templates(operation: Operation, slots: Slots, chosen: _Chosen) -> dict[str, Json]:
    """Query, body and headers; each is left out where its inputs go there under their own names anyway."""
    keys: dict[str, Json] = {}
    query = {slot.wire: slot.template for slot in chosen.named if slot.place == "query"}
    in_query = operation.method in ("GET", "DELETE")
    if query and not (in_query and all(template == f"${wire}" for wire, template in query.items())):
        keys["query"] = query
    body = _body(chosen)
    members = [slot for slot in chosen.named if slot.place == "body"]
    is_plain = not chosen.folded and all(slot.template == f"${slot.wire}" for slot in members)
    has_place = bool(members) and len(members) + sum(s.place == "path" for s in chosen.named) == len(chosen.named)
    if body is not None and (in_query or not (is_plain and has_place)):
        keys["body"] = body
    headers: dict[str, Json] = {**slots.headers}
    headers |= {slot.wire: slot.template for slot in chosen.named if slot.place == "header"}
    if (found := operation.body) and (extra := _content_type(found.encoding, found.media_type)):
        headers["Content-Type"] = extra
    if headers:
        keys["headers"] = headers
    if slots.idempotency_header:
        keys["idempotency_header"] = slots.idempotency_header
    return keys


def _body(chosen: _Chosen) -> Json:
    for slot in chosen.named:
        if slot.place == "whole":
            return slot.template
    members: dict[str, Json] = {slot.wire: slot.template for slot in chosen.named if slot.place == "body"}
    if chosen.folded:
        return {"$merge": [members, f"${FOLDED}"]} if members else f"${FOLDED}"
    return members or None


def _content_type(encoding: str, media_type: str) -> str | None:
    """What the encoding would not say itself."""
    if encoding == "json" and media_type.endswith("+json"):
        return media_type
    is_text = encoding == "raw" and media_type.startswith("text/") and media_type not in ("text/plain", "text/*")
    return media_type if is_text and "*" not in media_type else None
