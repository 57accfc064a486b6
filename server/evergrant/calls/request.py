"""Turn a tool, its input and an account's values into one HTTP request, without its credential."""

import json
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import quote, urlencode

import httpx2

from evergrant.calls.codecs import BadValue, Part
from evergrant.calls.template import Absent, Filled, fill
from evergrant.catalog.connector import Connector
from evergrant.catalog.hosts import marked
from evergrant.catalog.tool import PLACEHOLDER, Tool, names
from evergrant.model.json import Json, JsonObject

LONGEST_SHOWN = 100
HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "evergrant"}
FORBIDDEN_IN_SEGMENT = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\;]|%(?:2e|2f|5c|3b|25|[01][0-9a-f]|7f)", re.IGNORECASE
)
"""What a server may read as a step, as the end of a segment, or not at all; encoded also."""
CLIMBS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")
DOTS = str.maketrans({"\u3002": ".", "\u2215": "/", "\u2044": "/", "\u29f8": "/", "\u2216": "\\", "\u29f5": "\\"})
"""Look-alikes that Unicode's compatibility forms (NFKC) leave as they are, and that some servers fold."""


def build_request(
    connector: Connector, tool: Tool, given: JsonObject, account: Mapping[str, str], idempotency_key: str = ""
) -> httpx2.Request:
    """The request; raises BadValue where an input cannot stand where the tool puts it.

    `idempotency_key` goes where the tool has a header for it.
    """
    try:
        return _build(connector, tool, given, account, idempotency_key)
    except UnicodeError:
        raise BadValue("it has half a character (a lone surrogate)") from None
    except (ValueError, httpx2.InvalidURL) as error:
        raise BadValue(str(error)) from None
    except RecursionError:
        raise BadValue("it is nested too deep") from None


def _build(
    connector: Connector, tool: Tool, given: JsonObject, account: Mapping[str, str], idempotency_key: str
) -> httpx2.Request:
    values = defaults(tool) | dict(given)
    query, body = _query_and_body(tool, values)
    url = connector.expand(connector.base_url, account).rstrip("/") + _path(tool, values)
    if query:
        url += ("&" if "?" in url else "?") + urlencode(list(flatten(query)), quote_via=quote)
    headers = {**HEADERS, **connector.headers, **tool.headers}
    if tool.idempotency_header and idempotency_key:
        headers[tool.idempotency_header] = idempotency_key
    content_type, content = _encode(tool.encoding or connector.encoding, body)
    if content_type:
        headers["Content-Type"] = content_type
    return marked(connector, httpx2.Request(tool.method, url, headers=headers, content=content))


def defaults(tool: Tool) -> dict[str, Json]:
    """The inputs that the schema gives a value when the caller gives none."""
    return {name: schema["default"] for name, schema in tool.input.items() if "default" in schema}


def _query_and_body(tool: Tool, values: dict[str, Json]) -> tuple[Mapping[str, Json], Filled]:
    """Inputs that neither path, query nor body names go to the query of a GET or DELETE, else to the body."""
    placed = set(PLACEHOLDER.findall(tool.path)) | names(tool.query) | names(tool.body)
    rest: dict[str, Json] = {name: value for name, value in values.items() if name not in placed}
    query = _mapping(fill(tool.query, values) if tool.query is not None else Absent.ABSENT)
    body: Filled = fill(tool.body, values) if tool.body is not None else Absent.ABSENT
    if tool.method in ("GET", "DELETE"):
        return {**query, **rest}, body
    if tool.body is None:
        body = rest
    if tool.graphql is not None:
        body = {"query": tool.graphql, "variables": _mapping(body)}
    return query, body


def _mapping(filled: Filled) -> Mapping[str, Json]:
    return filled if isinstance(filled, Mapping) else {}


def _path(tool: Tool, values: Mapping[str, Json]) -> str:
    return PLACEHOLDER.sub(lambda match: segment(match[1], values[match[1]]), tool.path)


def segment(name: str, value: Json) -> str:
    """A value as one path segment; raises BadValue for what could climb or split the path.

    It is read as it stands and as a server might fold it: full-width and compatibility forms (NFKC).
    """
    text = str(value)
    folded = unicodedata.normalize("NFKC", text).translate(DOTS)
    if not text or any(FORBIDDEN_IN_SEGMENT.search(form) or CLIMBS.search(form) for form in (text, folded)):
        raise BadValue(
            f"{name} cannot be part of an address: {text[:LONGEST_SHOWN]!r} (not empty, no '.' or '..', backslash, "
            "semicolon or control character, also encoded)"
        )
    return quote(text, safe="")


def _encode(encoding: str, body: Filled) -> tuple[str | None, bytes]:
    if isinstance(body, Absent | Part):
        return None, b""
    match encoding:
        case "form":
            pairs = list(flatten(cast("Mapping[str, Json]", body)))
            return "application/x-www-form-urlencoded", urlencode(pairs).encode()
        case "multipart_related":
            return _multipart_related(cast("list[Json | Part]", body))
        case _:
            return "application/json", json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def flatten(value: Mapping[str, Json], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as PHP, Rails and Stripe read them (`created[gte]=1`); a list repeats its name."""
    for key, item in value.items():
        name = f"{prefix}[{key}]" if prefix else key
        if isinstance(item, Mapping):
            yield from flatten(item, name)
        elif isinstance(item, list | tuple):
            yield from ((name, _text(one)) for one in item)
        else:
            yield name, _text(item)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _multipart_related(parts: list[Json | Part]) -> tuple[str, bytes]:
    """The parts as RFC 2387 bytes, with the content type that names their boundary."""
    boundary = secrets.token_hex(16)
    chunks: list[bytes] = []
    for part in parts:
        whole = part if isinstance(part, Part) else Part("application/json; charset=UTF-8", json.dumps(part).encode())
        head = f"--{boundary}\r\nContent-Type: {whole.content_type}\r\n\r\n"
        chunks.append(head.encode() + whole.content + b"\r\n")
    return f"multipart/related; boundary={boundary}", b"".join(chunks) + f"--{boundary}--\r\n".encode()
