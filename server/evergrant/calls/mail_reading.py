"""Letters as Gmail gives them back: their text, their files, and which of a conversation is to be answered."""

from collections.abc import Iterator

from evergrant.calls.documents import markdown
from evergrant.calls.plain_codecs import from_base64url, header
from evergrant.model.json import Json, at, text_at


def mail_answered(messages: Json) -> Json:
    """The headers of the message of a Gmail thread that an answer is to: the newest that came, else the newest sent.

    One that the account sent itself has the people whom it was sent to as those to answer. Null without any.
    """
    every = messages if isinstance(messages, list) else []
    written = [each for each in every if not _has_label(each, "DRAFT")]
    came = [each for each in written if not _has_label(each, "SENT")]
    newest = (came or written)[-1:]
    headers = at(newest[0], "/payload/headers") if newest else None
    if came or not isinstance(headers, list):
        return headers
    return [{"name": "Reply-To", "value": header({"in": headers, "name": "To"})}, *headers]


def _has_label(message: Json, label: str) -> bool:
    labels = at(message, "/labelIds")
    return isinstance(labels, list) and label in labels


def mail_text(payload: Json) -> Json:
    """The text of a Gmail message's `payload`: its plain part, else its HTML as Markdown; null where it has neither."""
    parts = list(_parts(payload))
    plain = _body(parts, "text/plain")
    if plain is not None:
        return plain
    html = _body(parts, "text/html")
    return markdown(html) if html is not None else None


def mail_attachments(payload: Json) -> Json:
    """The files of a Gmail message's `payload`: name, type, size, and the id by which one is fetched."""
    named = [part for part in _parts(payload) if text_at(part, "/body/attachmentId")]
    return [
        {
            "name": text_at(part, "/filename") or "",
            "type": text_at(part, "/mimeType"),
            "size": at(part, "/body/size"),
            "attachment_id": text_at(part, "/body/attachmentId"),
        }
        for part in named
    ] or None


def _parts(part: Json) -> Iterator[Json]:
    yield part
    inner = at(part, "/parts")
    for each in inner if isinstance(inner, list) else ():
        yield from _parts(each)


def _body(parts: list[Json], media_type: str) -> str | None:
    fitting = (part for part in parts if text_at(part, "/mimeType") == media_type and not text_at(part, "/filename"))
    encoded = next((found for part in fitting if (found := text_at(part, "/body/data"))), None)
    return str(from_base64url(encoded)) if encoded is not None else None
