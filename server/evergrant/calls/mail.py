"""Letters: RFC 5322 messages as mail services take them."""

import base64
import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast

from evergrant.calls.mail_revision import revised, with_files_of
from evergrant.calls.plain_codecs import file_part, from_base64url_bytes, header
from evergrant.calls.values import BadValue
from evergrant.model.json import Json, at, text_at

_SPEC = r"[^\s\x00-\x1f\x7f<>()\[\]\\,;:@\"]+@[^\s\x00-\x1f\x7f<>()\[\]\\,;:@\"]+"
_NAME = r"(?:[^\x00-\x1f\x7f<>()\[\]\\,;:@\"]*|\"[^\x00-\x1f\x7f\"\\]*\" *)"
ADDRESS = re.compile(rf"{_SPEC}|{_NAME}<{_SPEC}>")
"""The two ways in which people write an address (RFC 5322 3.4). Python's parser fails in many ways at all others."""
BARE = re.compile(_SPEC)
MOST_ADDRESSES = 20
LONGEST_ADDRESS = 1_000
MESSAGE_ID = re.compile(r"<[^\s<>]{1,900}>")
MOST_REFERENCES = 20


def mime(fields: Json) -> Json:
    """An RFC 5322 message in base64url, as Gmail takes it.

    Of `to`, `cc`, `bcc`, `subject`, `text`, `html` and `attachments` (`name`, `type`, `base64`). With `answers`, the
    list of headers of another message, it is a reply to that one (RFC 5322 3.6.4), by default to its sender; with
    `forwards`, the base64url of a whole message, it has the files of that one; with `revises`, the same of a draft, it
    is that draft with what is given changed, and more files. Raises BadValue.
    """
    message = EmailMessage(policy=SMTP)
    _address_it(message, fields)
    message.set_content(text_at(fields, "/text") or "")
    if html := text_at(fields, "/html"):
        message.add_alternative(html, subtype="html")
    _attach(message, fields)
    return base64.urlsafe_b64encode(_of_another(message, fields)).decode()


def _of_another(message: EmailMessage, fields: Json) -> bytes:
    """The message in bytes, with what it takes of one that exists."""
    if draft := text_at(fields, "/revises"):
        return revised(from_base64url_bytes(draft), message, text=text_at(fields, "/text") is not None)
    if forwarded := text_at(fields, "/forwards"):
        return with_files_of(from_base64url_bytes(forwarded), message)
    return message.as_bytes()


def _address_it(message: EmailMessage, fields: Json) -> None:
    """Give it its headers; of a draft that is revised, only those that change."""
    answered = _reply_headers(at(fields, "/answers"))
    for name in ("to", "cc", "bcc"):
        if addresses := at(fields, f"/{name}"):
            message[name.title()] = ", ".join(map(_address, cast("list[str]", addresses)))
    if "To" not in message and answered.get("To"):
        message["To"] = answered["To"]
    subject = text_at(fields, "/subject")
    if subject is not None or at(fields, "/revises") is None:
        message["Subject"] = _one_line(subject or answered.get("Subject", ""))
    for name in ("In-Reply-To", "References"):
        if name in answered:
            message[name] = answered[name]


def _reply_headers(headers: Json) -> Mapping[str, str]:
    """What a reply takes from the message that it answers."""
    if not headers:
        return {}
    found = {
        name: text
        for name in ("Reply-To", "From", "Subject", "Message-ID", "References")
        if (text := _of(headers, name))
    }
    subject = found.get("Subject", "")
    reply = {"Subject": subject if subject.lower().startswith("re:") else f"Re: {subject}".strip()}
    if sender := found.get("Reply-To") or found.get("From"):
        reply["To"] = _addresses(sender)
    if ids := MESSAGE_ID.findall(found.get("Message-ID", "")):
        reply["In-Reply-To"] = ids[0]
        reply["References"] = " ".join([*MESSAGE_ID.findall(found.get("References", "")), ids[0]][-MOST_REFERENCES:])
    return reply


def _of(headers: Json, name: str) -> str | None:
    text = header({"in": headers, "name": name})
    return " ".join(text.split()) if isinstance(text, str) else None


def _attach(message: EmailMessage, fields: Json) -> None:
    listed = at(fields, "/attachments")
    for each in listed if isinstance(listed, list) else ():
        part = file_part(each)
        maintype, _, subtype = part.content_type.partition(";")[0].strip().partition("/")
        message.add_attachment(part.content, maintype, subtype, filename=part.filename or "attachment")


def _addresses(text: str) -> str:
    """Those in the header of a message that somebody else wrote: as it stands, else the bare addresses in it."""
    if len(text) <= LONGEST_ADDRESS and ADDRESS.fullmatch(text.strip()):
        return _address(text)
    return ", ".join(_address(each) for each in BARE.findall(text)[:MOST_ADDRESSES])


def _address(text: str) -> str:
    if len(text) > LONGEST_ADDRESS or not ADDRESS.fullmatch(_one_line(text).strip()):
        raise BadValue(f"not an address such as ada@acme.com or Ada <ada@acme.com>: {text[:100]!r}")
    return text.strip()


def _one_line(text: str) -> str:
    if "".join(text.splitlines()) != text:
        raise BadValue("a header of a message cannot have line breaks")
    return text
