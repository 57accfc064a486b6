"""A filled body as bytes, with the content type that tells what they are."""

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import NoReturn
from urllib.parse import urlencode

from evergrant.calls.plain_codecs import as_text
from evergrant.calls.values import Absent, BadValue, Filled, Part, Value

Encoded = tuple[str | None, bytes]


def encode(encoding: str, body: Filled) -> Encoded:
    """Content type and bytes; none where there is no body. Raises BadValue."""
    if isinstance(body, Absent):
        return None, b""
    match encoding:
        case "form":
            return "application/x-www-form-urlencoded", urlencode(list(flatten(_members(body)))).encode()
        case "multipart":
            return _multipart_form(_members(body))
        case "multipart_related":
            return _multipart_related(body)
        case "raw":
            return _raw(body)
        case _:
            return "application/json", _json(body)


def flatten(value: Mapping[str, Value], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as PHP, Rails and Stripe read them (`created[gte]=1`); a list repeats its name.

    Objects in a list, which only Stripe's way can tell apart, are numbered (`line_items[0][price]=x`).
    """
    for key, item in value.items():
        name = f"{prefix}[{key}]" if prefix else key
        if isinstance(item, Mapping):
            yield from flatten(item, name)
        elif isinstance(item, list | tuple):
            for number, one in enumerate(item):
                numbered = isinstance(one, Mapping)
                yield from flatten(one, f"{name}[{number}]") if numbered else ((name, as_text(one)),)
        else:
            yield name, as_text(item)


def _members(body: Value) -> Mapping[str, Value]:
    if not isinstance(body, Mapping):
        raise BadValue("the body must be an object")
    return body


def _json(body: Value) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, default=_no_bytes).encode()


def _no_bytes(_value: object) -> NoReturn:
    raise BadValue("bytes cannot stand in JSON")


def _raw(body: Value) -> Encoded:
    if isinstance(body, Part):
        return body.content_type, body.content
    return "text/plain; charset=utf-8", as_text(body).encode()


def _multipart_form(fields: Mapping[str, Value]) -> Encoded:
    """RFC 7578: texts as they are, files with their names."""
    parts = [_field(name, each) for name, value in fields.items() for each in _listed(value)]
    return _joined("form-data", parts)


def _listed(value: Value) -> list[Value]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _field(name: str, value: Value) -> tuple[str, bytes]:
    head = f'Content-Disposition: form-data; name="{name}"'
    if not isinstance(value, Part):
        return head, as_text(value).encode()
    filename = value.filename or "file"
    return f'{head}; filename="{filename}"\r\nContent-Type: {value.content_type}', value.content


def _multipart_related(body: Value) -> Encoded:
    """RFC 2387: JSON first, then what it speaks of."""
    parts = [_whole(each) for each in _listed(body)]
    return _joined("related", [(f"Content-Type: {part.content_type}", part.content) for part in parts])


def _whole(value: Value) -> Part:
    return value if isinstance(value, Part) else Part("application/json; charset=UTF-8", _json(value))


def _joined(kind: str, parts: list[tuple[str, bytes]]) -> Encoded:
    boundary = secrets.token_hex(16)
    chunks = [f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts]
    return f"multipart/{kind}; boundary={boundary}", b"".join(chunks) + f"--{boundary}--\r\n".encode()
