"""Named pure functions for the encodings that data cannot express."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast

from evergrant.model.json import Json, text_at

_SPEC = r"[^\s\x00-\x1f\x7f<>()\[\]\\,;:@\"]+@[^\s\x00-\x1f\x7f<>()\[\]\\,;:@\"]+"
_NAME = r"(?:[^\x00-\x1f\x7f<>()\[\]\\,;:@\"]*|\"[^\x00-\x1f\x7f\"\\]*\" *)"
ADDRESS = re.compile(rf"{_SPEC}|{_NAME}<{_SPEC}>")
"""The two ways in which people write an address (RFC 5322 3.4). Python's parser fails in many ways at all others."""
LONGEST_ADDRESS = 1_000
MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*;[ -~]*)?")
"""RFC 9110 8.3.1; the parameters only as far as they keep to their line."""


class BadValue(ValueError):
    """An input has the right type and still cannot be encoded; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body."""

    content_type: str
    content: bytes


def mime(fields: Json) -> str:
    """An RFC 5322 message from `to`, `cc`, `bcc`, `subject`, `text`, `html`; base64url, as Gmail takes it."""
    given = cast("Mapping[str, Json]", fields)
    message = EmailMessage(policy=SMTP)
    for header in ("to", "cc", "bcc"):
        if addresses := given.get(header):
            message[header.title()] = ", ".join(map(_address, cast("list[str]", addresses)))
    message["Subject"] = _one_line(text_at(fields, "/subject") or "")
    message.set_content(text_at(fields, "/text") or "")
    if html := text_at(fields, "/html"):
        message.add_alternative(html, subtype="html")
    return base64.urlsafe_b64encode(message.as_bytes()).decode()


def adf(text: Json) -> Json:
    """Plain text as an Atlassian document; blank lines separate paragraphs."""
    paragraphs = [part.strip() for part in str(text).split("\n\n") if part.strip()]
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": part}]} for part in paragraphs],
    }


def file_part(value: Json) -> Part:
    """A part of a multipart body from its `type` and `base64` content."""
    try:
        content = base64.b64decode(text_at(value, "/base64") or "", validate=True)
    except ValueError:
        raise BadValue("the content is not base64") from None
    content_type = text_at(value, "/type") or "application/octet-stream"
    if not MEDIA_TYPE.fullmatch(content_type):
        raise BadValue("the type is not a media type such as text/csv")
    return Part(content_type, content)


def _address(text: str) -> str:
    if len(text) > LONGEST_ADDRESS or not ADDRESS.fullmatch(_one_line(text).strip()):
        raise BadValue(f"not an address such as ada@acme.com or Ada <ada@acme.com>: {text[:100]!r}")
    return text.strip()


def _one_line(text: str) -> str:
    if "".join(text.splitlines()) != text:
        raise BadValue("a header of a message cannot have line breaks")
    return text


def codecs() -> Mapping[str, Callable[[Json], Json | Part]]:
    """The closed set of codecs, by the name that a template calls them."""
    return {"mime": mime, "adf": adf, "bytes": file_part}
