"""What a tool gives back: where its list is, the part that is useful, and what the answer is."""

from collections.abc import Iterator, Mapping

from evergrant.making.document import Operation
from evergrant.making.naming import static_segments
from evergrant.making.parts import mapping, text
from evergrant.making.plain import plain
from evergrant.making.references import References
from evergrant.making.words import snake, split, unique
from evergrant.model.json import Json

MOST_SHAPED = 12
MOST_LISTED = 20
LISTS = (
    "data",
    "items",
    "results",
    "values",
    "value",
    "records",
    "entries",
    "list",
    "rows",
    "elements",
    "objects",
    "hits",
)
ENVELOPES = ("data", "result", "response", "_embedded", "payload")
FIRST = (
    "id",
    "name",
    "title",
    "key",
    "subject",
    "email",
    "login",
    "summary",
    "status",
    "state",
    "type",
    "url",
    "html_url",
    "permalink",
)
OF_OTHERS = ("name", "title", "login", "display_name", "displayName", "email", "id", "gid", "value")
LATE = ("node_id", "etag", "kind", "object", "resource_type", "_links", "links", "href")


def items_of(references: References, operation: Operation) -> str | None:
    """The pointer to the list in an answer; None where it is no list."""
    if operation.answer.kind != "json" or operation.method != "GET":
        return None
    found = plain(references, operation.answer.schema)
    if found.get("type") == "array":
        return ""
    if operation.path.rstrip("/").endswith("}"):
        return None
    direct = _list_in(references, found, operation)
    if direct is not None:
        return f"/{direct}"
    for name in ENVELOPES:
        inner = plain(references, mapping(found.get("properties")).get(name))
        within = _list_in(references, inner, operation) if inner else None
        if within is not None:
            return f"/{name}/{within}"
    return None


def _list_in(references: References, found: Mapping[str, Json], operation: Operation) -> str | None:
    """The member that is the list: called like one, or like what is asked for, or the only one."""
    kinds = {name: text(plain(references, each).get("type")) for name, each in mapping(found.get("properties")).items()}
    arrays = [name for name, kind in kinds.items() if kind == "array" and is_sayable(name)]
    last = split("".join(static_segments(operation.path)[-1:]))
    wanted = {"_".join(last), last[0] if last else "", last[-1] if last else ""}
    named = [name for name in arrays if name in LISTS or snake(name) in wanted]
    if named:
        return named[0]
    return arrays[0] if len(arrays) == 1 and len(kinds) <= 6 else None


def is_sayable(name: str) -> bool:
    """Whether a pointer can have it as it is."""
    return bool(name) and name.isprintable() and not set(name) & {"/", "~", "*"}


def result_keys(references: References, operation: Operation, items: str | None, *, paged: bool) -> dict[str, Json]:
    """The keys of a tool that speak of its result."""
    answer = operation.answer
    if answer.kind in ("text", "bytes"):
        content = (
            {"text": {"type": "string"}}
            if answer.kind == "text"
            else {"size": {"type": "integer"}, "base64": {"type": "string"}}
        )
        output: dict[str, Json] = {"type": "object", "properties": {"type": {"type": "string"}, **content}}
        return {"answer": answer.kind, "output": output}
    if answer.kind == "none":
        return {"answer": "none", "output": {"type": "null"}}
    found = plain(references, answer.schema)
    return _single(references, found) if items is None else _list(references, answer.schema, items, paged=paged)


def _list(references: References, schema: Json, items: str, *, paged: bool) -> dict[str, Json]:
    for key in items.split("/")[1:]:
        schema = mapping(plain(references, schema).get("properties")).get(key)
    element = plain(references, plain(references, schema).get("items"))
    members = _members(references, element)
    if shape := _shape(references, members):
        is_all = len(members) == len(shape) and all(
            isinstance(each, str) and each.count("/") == 1 for each in shape.values()
        )
        return {"items": items, "shape": shape, **({"detailed": False} if is_all else {})}
    if not paged:
        return {"items": items, "output": {}}
    listed: dict[str, Json] = {"items": {"type": "array"}, "next_cursor": {"type": "string"}}
    return {"items": items, "output": {"type": "object", "properties": listed, "required": ["items"]}}


def _single(references: References, found: Mapping[str, Json]) -> dict[str, Json]:
    members = _members(references, found)
    if found.get("type") != "object" or not members:
        return {"output": {}}
    if len(members) > MOST_LISTED and (shape := _shape(references, members)):
        return {"shape": shape}
    properties: dict[str, Json] = {name: _kind(each) for name, each in list(members.items())[:MOST_LISTED]}
    return {"output": {"type": "object", "properties": properties}}


def _kind(found: Mapping[str, Json]) -> dict[str, Json]:
    """What is known of a member; nothing of one that may be null."""
    kind = found.get("type")
    return {"type": kind} if isinstance(kind, str) and found.get("nullable") is not True else {}


def _members(references: References, found: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    members = {name: plain(references, each) for name, each in mapping(found.get("properties")).items()}
    return {name: each for name, each in members.items() if is_sayable(name) and not each.get("writeOnly")}


def _shape(references: References, members: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """The members that say most, in the order in which the document has them."""
    pointers = {name: pointer for name, each in members.items() for pointer in _pointers(references, name, each)}
    ranked = sorted(pointers, key=_rank)[:MOST_SHAPED]
    shape: dict[str, Json] = {}
    for name in (each for each in pointers if each in ranked):
        shape[unique(snake(name), shape)] = pointers[name]
    return shape


def _pointers(references: References, name: str, found: Mapping[str, Json]) -> Iterator[str]:
    match found.get("type"):
        case "object":
            inner = mapping(found.get("properties"))
            if of := next((each for each in OF_OTHERS if each in inner), None):
                yield f"/{name}/{of}"
        case "array":
            element = plain(references, found.get("items"))
            inner = mapping(element.get("properties"))
            of = next((each for each in OF_OTHERS if each in inner), None)
            if element.get("type") == "object" and of:
                yield f"/{name}/*/{of}"
            elif element.get("type") != "object":
                yield f"/{name}"
        case _:
            yield f"/{name}"


def _rank(name: str) -> int:
    plain_name = snake(name)
    if plain_name in FIRST:
        return FIRST.index(plain_name)
    if plain_name in LATE or plain_name.endswith(("_url", "_href", "_link")):
        return 90
    return 20 if plain_name.endswith(("_at", "_date", "_time", "date", "time")) else 30
