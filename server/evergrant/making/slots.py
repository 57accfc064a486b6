"""What a caller must or may give for an operation, each with the place where it goes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evergrant.catalog.tool import RESERVED
from evergrant.making.document import SEPARATORS, Document, Obstacle, Operation, Parameter, Scheme
from evergrant.making.examples import given_examples
from evergrant.making.parts import listed, mapping, text, texts
from evergrant.making.plain import is_read_only, plain
from evergrant.making.references import References
from evergrant.making.words import LONGEST_NAME, snake, unique
from evergrant.model.json import Json, JsonObject

PATH_PARAMETER = re.compile(r"\{([^{}/]+)\}")
TAKEN = RESERVED | {"more"}
"""Names that inputs have already a meaning for, here or in the language."""
CREDENTIALS = frozenset({"access_token", "api_key", "apikey", "api-key", "x-api-key", "oauth_token", "authorization"})
SPEAKS_OF_SIGNING = re.compile(r"auth|credential|bearer|scope", re.IGNORECASE)
OF_TRANSPORT = re.compile(
    r"(?:accept|content|if|x-request|x-correlation)-.*|user-agent|host|range|cookie|prefer|origin|referer|traceparent",
    re.IGNORECASE,
)
IDEMPOTENCY = re.compile(r"(?:x-)?idempotency-key", re.IGNORECASE)
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
VISIBLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
FILE: JsonObject = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "type": {"type": "string"}, "base64": {"type": "string"}},
    "required": ["base64"],
    "additionalProperties": False,
    "description": "The file: name, media type and content in base64.",
}
FILE_EXAMPLE: Json = {"name": "note.txt", "type": "text/plain", "base64": "aGVsbG8="}


@dataclass(frozen=True, slots=True)
class Slot:
    """One input."""

    name: str
    wire: str
    """What the service calls it."""
    place: str
    """`path`, `query`, `header`, `body` (a member of it), or `whole` (the body itself)."""
    required: bool
    schema: Json
    template: Json
    description: str = ""
    fixed: JsonObject | None = None
    """A schema that is taken as it is."""


@dataclass(frozen=True, slots=True)
class Slots:
    """All of an operation, the required ones first, and what was left out."""

    every: tuple[Slot, ...]
    path: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers with a value that is always the same."""
    idempotency_header: str | None = None
    notes: tuple[str, ...] = ()


def slots_of(document: Document, operation: Operation, scheme: Scheme | None, without: Sequence[str] = ()) -> Slots:
    """The inputs of an operation, but for the query parameters `without`; raises Obstacle."""
    collector = _Collector(document.references, operation, scheme, without)
    path = collector.path()
    for parameter in operation.parameters:
        collector.parameter(parameter)
    collector.body()
    every = collector.found
    ordered = sorted(every, key=lambda slot: (not slot.required, slot.place != "path"))
    return Slots(tuple(ordered), path, collector.headers, collector.idempotency, tuple(collector.notes))


class _Collector:
    def __init__(
        self, references: References, operation: Operation, scheme: Scheme | None, without: Sequence[str]
    ) -> None:
        self._references = references
        self._operation = operation
        self._scheme = scheme
        self._without = without
        self.found: list[Slot] = []
        self.headers: dict[str, str] = {}
        self.idempotency: str | None = None
        self.notes: list[str] = []

    def path(self) -> str:
        """The path, in which every value has its input."""
        path = self._operation.path.split("#")[0].rstrip("?")
        declared = {each.name: each for each in self._operation.parameters if each.place == "path"}
        named: dict[str, str] = {}
        for wire in dict.fromkeys(PATH_PARAMETER.findall(path)):
            parameter = declared.get(wire) or Parameter(wire, "path", required=True, schema={"type": "string"})
            named[wire] = self._name(self._path_name(wire))
            slot = Slot(named[wire], wire, "path", True, parameter.schema, None, parameter.description)
            self.found.append(slot)
        filled = PATH_PARAMETER.sub(lambda match: f"{{{named[match[1]]}}}", path)
        left = re.sub(r"\{[a-z_][a-z0-9_]*\}", "", filled)
        if not filled.startswith("/") or re.search(r"[\s{}*<>\"\\^`|]", left) or not left.isascii():
            raise Obstacle("Its path has signs that no path of ours has.", "Write it by hand.")
        return filled

    @staticmethod
    def _path_name(wire: str) -> str:
        """`projectsId`, as Google's flat paths have it, is the id of one project."""
        name = snake(wire)
        return re.sub(r"([a-rt-z])s_id$", r"\1_id", name) if re.search(r"[a-z]sId$", wire) else name

    def parameter(self, parameter: Parameter) -> None:
        if parameter.place == "path" or parameter.name in self._without:
            return
        if self._signs(parameter):
            self.notes.append(f"{parameter.name} is left to the connector, which signs")
            return
        if parameter.place == "header":
            self._header(parameter)
            return
        found = plain(self._references, parameter.schema)
        if found.get("deprecated") is True and not parameter.required:
            return
        is_object = found.get("type") == "object" and parameter.style not in ("deep", "json")
        if is_object or not parameter.name.isprintable():
            self._unsayable(parameter, "an object spread over the query")
            return
        self._add(parameter, _template_of(parameter, found))

    def _signs(self, parameter: Parameter) -> bool:
        """Whether it is the credential's own place: an agent is never asked for one."""
        name = parameter.name.lower()
        if self._scheme is None:
            return False
        own = parameter.name == self._scheme.parameter
        is_token = name == "token" and bool(SPEAKS_OF_SIGNING.search(parameter.description))
        return own or is_token or name in CREDENTIALS

    def _header(self, parameter: Parameter) -> None:
        found, name = plain(self._references, parameter.schema), parameter.name
        if IDEMPOTENCY.fullmatch(name) and self._operation.method != "GET":
            self.idempotency = name
            return
        values = [*listed(found.get("enum")), *([found["const"]] if "const" in found else [])]
        always = values[0] if len(values) == 1 else None
        if always is None and (parameter.required or "version" in name.lower()):
            always = found.get("default") or next(
                iter(given_examples(found) if "version" in name.lower() else ()), None
            )
        if isinstance(always, str | int) and VISIBLE.fullmatch(str(always)) and HEADER_NAME.fullmatch(name):
            self.headers[name] = str(always).replace("$", "$$", 1) if str(always).startswith("$") else str(always)
        elif OF_TRANSPORT.fullmatch(name) and not parameter.required:
            return
        elif not HEADER_NAME.fullmatch(name) or found.get("type") in ("object", "array") or parameter.schema is None:
            self._unsayable(parameter, parameter.description if parameter.schema is None else "a header that is a list")
        else:
            self._add(parameter, None)

    def _add(self, parameter: Parameter, template: Json) -> None:
        name = self._name(snake(parameter.name))
        where, needed = parameter.place, parameter.required
        filled = f"${name}" if template is None else _named(template, name)
        self.found.append(Slot(name, parameter.name, where, needed, parameter.schema, filled, parameter.description))

    def _unsayable(self, parameter: Parameter, what: str) -> None:
        if parameter.required:
            raise Obstacle(f"It needs {parameter.name}, {what}.", "Write it by hand.")
        self.notes.append(f"{parameter.name} is left out: {what}")

    def body(self) -> None:
        body = self._operation.body
        if body is None:
            return
        found = plain(self._references, body.schema)
        members = mapping(found.get("properties"))
        if body.encoding == "raw":
            self._raw(body.media_type)
        elif members and found.get("type") == "object":
            self._members(members, texts(found.get("required")))
        elif body.encoding == "json":
            self._whole(body.schema, found)
        elif body.schema:
            self._whole({"type": "object", "description": text(found.get("description"))}, found)

    def _raw(self, media_type: str) -> None:
        is_text = media_type.startswith("text/")
        name = self._name("text" if is_text else "file")
        schema: JsonObject | None = None if is_text else FILE
        template: Json = f"${name}" if is_text else {"$bytes": f"${name}"}
        given: Json = {"type": "string", "description": "The text that is sent."}
        self.found.append(Slot(name, "", "whole", True, given, template, "", schema))

    def _whole(self, schema: Json, found: Mapping[str, Json]) -> None:
        name = self._name("body")
        said = text(found.get("description")) or "What is sent, as the service has it."
        required = self._operation.method != "DELETE"
        self.found.append(Slot(name, "", "whole", required, schema, f"${name}", said))

    def _members(self, members: Mapping[str, Json], required: Sequence[str]) -> None:
        for wire, node in members.items():
            found, needed = plain(self._references, node), wire in required
            if is_read_only(wire, found) or (found.get("deprecated") is True and not needed):
                continue
            if wire.startswith("$") or not wire or not wire.isprintable():
                if needed:
                    raise Obstacle(f"A member of its body is called {wire!r}.", "Write it by hand.")
                self.notes.append(f"{wire!r} is left out: templates cannot name it")
                continue
            self._member(wire, node, found, needed=needed)

    def _member(self, wire: str, node: Json, found: Mapping[str, Json], *, needed: bool) -> None:
        name = self._name(snake(wire))
        slot = Slot(name, wire, "body", needed, node, f"${name}", text(found.get("description")))
        if self._operation.body and self._operation.body.encoding == "multipart":
            slot = self._of_multipart(slot, found)
        self.found.append(slot)

    def _of_multipart(self, slot: Slot, found: Mapping[str, Json]) -> Slot:
        if _is_file(found):
            return replace(slot, template={"$bytes": slot.template}, fixed=FILE)
        if found.get("type") == "array" and _is_file(plain(self._references, found.get("items"))):
            items = {key: value for key, value in FILE.items() if key != "description"}
            several: JsonObject = {"type": "array", "items": items, "description": "Files, each with its content."}
            each: Json = {"$each": {"of": slot.template, "put": {"$bytes": "$item"}}}
            return replace(slot, template=each, fixed=several)
        return slot

    def _name(self, wanted: str) -> str:
        """A name that is neither taken nor the language's own."""
        name = f"{wanted[: LONGEST_NAME - 6]}_value" if wanted in TAKEN else wanted
        return unique(name, (slot.name for slot in self.found))


def _is_file(found: Mapping[str, Json]) -> bool:
    by_format = found.get("type") == "string" and found.get("format") == "binary"
    return by_format or text(found.get("contentMediaType")).startswith(("application/octet", "image/"))


def _template_of(parameter: Parameter, found: Mapping[str, Json]) -> Json:
    """Where `$` stands for the input; None where it goes as it is."""
    if parameter.style == "json":
        return {"$json": "$"}
    if parameter.style in SEPARATORS and found.get("type") == "array":
        return {"$join": {"by": SEPARATORS[parameter.style], "of": "$"}}
    return None


def _named(template: Json, name: str) -> Json:
    if isinstance(template, Mapping):
        return {key: _named(part, name) for key, part in template.items()}
    return f"${name}" if template == "$" else template


def slot_examples(references: References, slot: Slot) -> Iterator[Json]:
    """What the document itself gives as examples."""
    if slot.fixed is not None:
        yield [FILE_EXAMPLE] if slot.fixed.get("type") == "array" else FILE_EXAMPLE
        return
    yield from given_examples(plain(references, slot.schema))
