"""Codecs between texts, lists and bytes: the small encodings that APIs ask for."""

import base64
import json
import re
from collections.abc import Mapping, Sequence

from evergrant.calls.values import BadValue, Part, Value
from evergrant.model.json import Json, at, text_at

MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*;[ -~]*)?")
"""RFC 9110 8.3.1; the parameters only as far as they keep to their line."""
FOLDED = re.compile(r"\r?\n(?=[ \t])")
"""Where a long header goes on in the next line (RFC 5322 2.2.3)."""
FILENAME = re.compile(r"[^\x00-\x1f\x7f\"\\/\r\n]{1,255}")


def as_text(value: Value) -> str:
    """A value as it stands in a text: JSON but for the quotes of a string. Raises BadValue for bytes."""
    if isinstance(value, Part):
        raise BadValue("bytes cannot stand in a text")
    return value if isinstance(value, str) else json.dumps(value)


def csv(value: Json) -> Json:
    """A list as one text with commas between; a text stays."""
    return ",".join(map(as_text, value)) if isinstance(value, list) else as_text(value)


def json_text(value: Json) -> Json:
    """A value as JSON in a text."""
    return json.dumps(value, ensure_ascii=False)


def single_quoted(value: Json) -> Json:
    """A literal of SOQL or of a Drive query: in single quotes, a backslash before quotes and backslashes."""
    return "'" + as_text(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def double_quoted(value: Json) -> Json:
    """A literal of JQL, CQL or a GitHub search: in double quotes, a backslash before quotes and backslashes."""
    return '"' + as_text(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def odata_quoted(value: Json) -> Json:
    """A literal of OData: in single quotes, inner ones doubled."""
    return "'" + as_text(value).replace("'", "''") + "'"


def to_base64(value: Json) -> Json:
    """A text's UTF-8 in base64."""
    return base64.b64encode(as_text(value).encode()).decode()


def to_base64url(value: Json) -> Json:
    """A text's UTF-8 in base64url (RFC 4648 5) without padding."""
    return base64.urlsafe_b64encode(as_text(value).encode()).rstrip(b"=").decode()


def from_base64(value: Json) -> Json:
    """The text in base64; bytes that are no UTF-8 become U+FFFD."""
    return decoded("".join(as_text(value).split())).decode("utf-8", "replace")


def from_base64url(value: Json) -> Json:
    """The text in base64url, with or without padding."""
    return from_base64url_bytes(as_text(value)).decode("utf-8", "replace")


def from_base64url_bytes(text: str) -> bytes:
    """Raises BadValue where it is none."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    return decoded(plain + "=" * (-len(plain) % 4))


def base64url_base64(value: Json) -> Json:
    """The content in base64url in the common alphabet, with padding."""
    return base64.b64encode(from_base64url_bytes(as_text(value))).decode()


def decoded(text: str) -> bytes:
    """The bytes in base64; raises BadValue."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadValue("the content is not base64") from None


def size(value: Json) -> Json:
    """How many bytes are in base64."""
    return len(decoded(as_text(value)))


def increment(value: Json) -> Json:
    """The whole number after one, such as the version that a change makes; raises BadValue for what is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue("there is no number after what is no whole number")
    return value + 1


def file_part(value: Json) -> Part:
    """A part of a multipart body, or a raw body, from its `type`, `base64` content and perhaps `name`."""
    return Part(_media_type(value, "application/octet-stream"), decoded(text_at(value, "/base64") or ""), _name(value))


def text_part(value: Json) -> Part:
    """The same of a `text`."""
    return Part(_media_type(value, "text/plain; charset=utf-8"), (text_at(value, "/text") or "").encode(), _name(value))


def _media_type(value: Json, otherwise: str) -> str:
    content_type = text_at(value, "/type") or otherwise
    if not MEDIA_TYPE.fullmatch(content_type):
        raise BadValue("the type is not a media type such as text/csv")
    return content_type


def _name(value: Json) -> str | None:
    name = text_at(value, "/name")
    if name is not None and not FILENAME.fullmatch(name):
        raise BadValue("the name of a file has no slash, backslash, quote or line break")
    return name


def header(value: Json) -> Json:
    """The value of the header `name` in a list `in` of `{name, value}`, whatever its case, in one line; null without
    one."""
    wanted = (text_at(value, "/name") or "").lower()
    listed = at(value, "/in")
    for each in listed if isinstance(listed, list) else ():
        if (text_at(each, "/name") or "").lower() == wanted:
            return FOLDED.sub("", text_at(each, "/value") or "")
    return None


def items(value: Json) -> Json:
    """The members of an object as a list of `{name, value}`."""
    return [{"name": name, "value": part} for name, part in members(value).items()]


def object_of(value: Json) -> Json:
    """The object that a list of `{name, value}` makes; an element without a value makes nothing."""
    pairs = value if isinstance(value, list) else []
    there = (pair for pair in pairs if isinstance(pair, Mapping) and "value" in pair)
    return {text_at(pair, "/name") or "": pair["value"] for pair in there}


def member(value: Json) -> Json:
    """What an object `in` has under `name`, which is known only at the call; null where it has none."""
    return members(at(value, "/in")).get(as_text(at(value, "/name")))


def table(value: Json) -> Json:
    """Rows as objects by the names in the first row (or `header`); a row that is short lacks its last members."""
    rows = value if isinstance(value, list) else []
    if not rows or not isinstance(rows[0], list):
        return []
    names = column_names(rows[0])
    return [dict(zip(names, row, strict=False)) for row in rows[1:] if isinstance(row, list)]


def column_names(row: Sequence[Json]) -> list[str]:
    """Every column has a name of its own: one that is empty or repeated gets its number."""
    names: list[str] = []
    for number, cell in enumerate(row, 1):
        name = as_text(cell).strip() or f"column {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


def members(value: Json) -> Mapping[str, Json]:
    """The value as a mapping; empty where it is none."""
    return value if isinstance(value, Mapping) else {}
