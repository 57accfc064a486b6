"""Turn a tool, its input and an account's values into one HTTP request, without its credential."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import httpx2

from evergrant.calls.bodies import encode, flatten
from evergrant.calls.plain_codecs import as_text, members
from evergrant.calls.template import fill, fill_query
from evergrant.calls.turn import FIRST, Turn, opening
from evergrant.calls.values import ABSENT, Absent, BadValue, Filled
from evergrant.catalog.connector import Connector
from evergrant.catalog.hosts import marked
from evergrant.catalog.origin import origin
from evergrant.catalog.pages import CURSOR
from evergrant.catalog.passthrough import Passthrough, is_query
from evergrant.catalog.request import PLACEHOLDER, RequestTemplate
from evergrant.catalog.tool import Tool
from evergrant.model.json import Json, JsonObject, at

LONGEST_SHOWN = 100
HEADERS = {"Accept-Encoding": "gzip, deflate", "User-Agent": "evergrant"}
FORBIDDEN_IN_SEGMENT = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\;]|%(?:2e|2f|5c|3b|25|[01][0-9a-f]|7f)", re.IGNORECASE
)
"""What a server may read as a step, as the end of a segment, or not at all; encoded also."""
CLIMBS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")
DOTS = str.maketrans({"\u3002": ".", "\u2215": "/", "\u2044": "/", "\u29f8": "/", "\u2216": "\\", "\u29f5": "\\"})
"""Look-alikes that Unicode's compatibility forms (NFKC) leave as they are, and that some servers fold."""
SEGMENT_END = re.compile(r"/(?![^{}]*\})")
"""A slash, but not one inside a placeholder."""
HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that wants only the account's values."""

    connector: Connector
    template: RequestTemplate
    values: JsonObject
    unplaced: Collection[str] = ()
    """The inputs that no template names: they go to the query of a GET or DELETE, else to the body."""
    turn: Turn = FIRST
    idempotency_key: str = ""
    """Goes where a tool has a header for it."""

    def build(self, account: Mapping[str, str]) -> httpx2.Request:
        """The request; raises BadValue where a value cannot stand where it is put."""
        try:
            return _build(self, account)
        except UnicodeError:
            raise BadValue("it has half a character (a lone surrogate)") from None
        except (ValueError, httpx2.InvalidURL) as error:
            raise BadValue(str(error)) from None
        except RecursionError:
            raise BadValue("it is nested too deep") from None


def build_request(
    connector: Connector, tool: Tool, given: JsonObject, account: Mapping[str, str], idempotency_key: str = ""
) -> httpx2.Request:
    """A tool's own request, for the first page where it has pages; raises BadValue."""
    values = defaults(tool) | dict(given)
    turn = opening(tool, values)
    values.pop(CURSOR, None)
    return Draft(connector, tool, values, unplaced(tool), turn, idempotency_key).build(account)


def defaults(tool: Tool) -> dict[str, Json]:
    """The inputs that the schema gives a value when the caller gives none."""
    return {name: schema["default"] for name, schema in tool.inputs.items() if "default" in schema}


def unplaced(tool: Tool) -> set[str]:
    """The inputs of a tool that its templates do not name."""
    return set() if tool.passthrough else set(tool.input) - tool.used


def _build(draft: Draft, account: Mapping[str, str]) -> httpx2.Request:
    template, connector = draft.template, draft.connector
    values = {**draft.values, **draft.turn.values}
    if isinstance(template, Tool) and template.passthrough:
        return _passed_through(draft, template.passthrough, account)
    query, body = _query_and_body(draft, values)
    url = _address(connector, template, values, account)
    if draft.turn.onward is not None:
        url += draft.turn.onward
    elif query:
        url = _with_query(url, query)
    return _request(draft, template.method, url, body)


def _request(draft: Draft, method: str, url: str, body: Filled) -> httpx2.Request:
    connector, template = draft.connector, draft.template
    accept = {"Accept": "application/json" if template.answer == "json" else "*/*"}
    headers = {**accept, **HEADERS, **connector.headers, **_headers(template, draft.values)}
    if isinstance(template, Tool) and template.idempotency_header and draft.idempotency_key:
        headers[template.idempotency_header] = draft.idempotency_key
    content_type, content = encode(template.encoding or connector.encoding, body)
    if content_type:
        headers.setdefault("Content-Type", content_type)
    request = httpx2.Request(method, url, headers=headers, content=content)
    return request if template.given_address else marked(connector, request)


def _headers(template: RequestTemplate, values: JsonObject) -> dict[str, str]:
    filled = {name: fill(text, values) for name, text in template.headers.items()}
    there = {name: as_text(value) for name, value in filled.items() if not isinstance(value, Absent)}
    for name, text in there.items():
        if not HEADER_VALUE.fullmatch(text):
            raise BadValue(f"the header {name} takes one line of visible ASCII, not {text[:LONGEST_SHOWN]!r}")
    return there


def _query_and_body(draft: Draft, values: JsonObject) -> tuple[Mapping[str, Json], Filled]:
    """Query and body, each with what the templates name and, at its default place, what they do not."""
    template = draft.template
    rest = {name: values[name] for name in values if name in draft.unplaced} | dict(draft.turn.pairs)
    query = fill_query(template.query, values)
    body: Filled = fill(template.body, values) if template.body is not None else ABSENT
    if template.method in ("GET", "DELETE"):
        return {**query, **rest}, body
    if template.body is None:
        body = rest if draft.unplaced or rest or isinstance(template, Tool) else ABSENT
    elif draft.turn.pairs and isinstance(body, Mapping | Absent):
        body = {**({} if isinstance(body, Absent) else body), **draft.turn.pairs}
    if template.graphql is not None:
        body = {"query": template.graphql, "variables": body if isinstance(body, Mapping) else {}}
    return query, body


def _address(connector: Connector, template: RequestTemplate, values: JsonObject, account: Mapping[str, str]) -> str:
    if template.given_address:
        return given_address(fill(template.given_address, values), template.origins)
    path = "/".join(_segments(template, values))
    if path.startswith("https://"):
        return path
    return connector.expand(connector.base_url, account).rstrip("/") + path


def _segments(template: RequestTemplate, values: JsonObject) -> Iterator[str]:
    """The path, segment by segment."""
    filled = {f"{{{name}}}": fill(slot, values) for name, slot in template.slots.items()}
    for part in SEGMENT_END.split(template.path):
        if part not in filled:
            yield PLACEHOLDER.sub(lambda match: segment(match[1], at(values.get(match[1]), match[2])), part)
        elif not isinstance(slot := filled[part], Absent):
            yield segment(part.strip("{}"), as_text(slot))
        elif not template.reads:
            # Without it, what is changed or deleted would be what it is a part of.
            raise BadValue(f"nothing was given to stand at {part} of the address")


def given_address(address: Filled, origins: Collection[str]) -> str:
    """An address out of an answer, which lies at one of the declared origins; raises BadValue."""
    if not isinstance(address, str) or not any(origin(each).admits(address) for each in origins):
        raise BadValue("the service named an address that its connector does not allow")
    return address


def _with_query(url: str, query: Mapping[str, Json]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(list(flatten(query)), quote_via=quote)}"


def _passed_through(draft: Draft, declared: Passthrough, account: Mapping[str, str]) -> httpx2.Request:
    connector, values = draft.connector, draft.values
    base = connector.expand(connector.base_url, account).rstrip("/")
    if declared.graphql:
        document = as_text(values["document"])
        if declared.only_reads and not is_query(document):
            raise BadValue("only queries are allowed here, no mutation and no subscription")
        asked: dict[str, Json] = {"query": document, "variables": dict(members(values.get("variables")))}
        return _request(draft, "POST", base + declared.graphql, asked)
    path = as_text(values["path"])
    if not declared.admits(path):
        raise BadValue(f"this path may not be asked here; the paths that may: {', '.join(declared.paths)}")
    url = base + "/".join(segment("path", part) if part else "" for part in path.split("/"))
    if query := members(values.get("query")):
        url = _with_query(url, query)
    method = as_text(values.get("method", declared.methods[0]))
    body: Filled = ABSENT if method in ("GET", "DELETE") else values.get("body", ABSENT)
    return _request(draft, method, url, body)


def segment(name: str, value: Json) -> str:
    """A value as one path segment; raises BadValue for none, and for what could climb or split the path.

    It is read as it stands and as a server might fold it: full-width and compatibility forms (NFKC).
    """
    text = "" if value is None else str(value)
    folded = unicodedata.normalize("NFKC", text).translate(DOTS)
    if not text or any(FORBIDDEN_IN_SEGMENT.search(form) or CLIMBS.search(form) for form in (text, folded)):
        raise BadValue(
            f"{name} cannot be part of an address: {text[:LONGEST_SHOWN]!r} (not empty, no '.' or '..', backslash, "
            "semicolon or control character, also encoded)"
        )
    return quote(text, safe="")
