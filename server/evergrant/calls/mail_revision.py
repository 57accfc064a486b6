"""Letters made of other letters: a draft with some of it changed, and a letter that hands on the files of another."""

from collections.abc import Iterator
from email.generator import BytesGenerator
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import Compat32
from io import BytesIO
from typing import Final, cast

REPLACED: Final = ("To", "Cc", "Bcc", "Subject")
OF_CONTENT: Final = ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition")
LINES: Final = Compat32(linesep="\r\n", max_line_length=None, mangle_from_=False)
"""The one of Python's policies that takes headers as they are written, and so fails at none."""


def revised(whole: bytes, changes: EmailMessage, *, text: bool) -> bytes:
    """The letter in `whole` with the headers that `changes` has, its files as well, and with `text` its text."""
    old, new = _parsed(whole), _parsed(changes.as_bytes())
    for name in REPLACED:
        if name in changes:
            del old[name]
            old[name] = str(new[name])
    added = list(_files(new))
    if text:
        _put(old, [_body(new), *_files(old), *added])
    elif added:
        _put(old, [*_mixed(old), *added])
    return _written(old)


def with_files_of(whole: bytes, letter: EmailMessage) -> bytes:
    """The letter with the files of the one in `whole`, each as it came."""
    new = _parsed(letter.as_bytes())
    if files := list(_files(_parsed(whole))):
        _put(new, [*_mixed(new), *files])
    return _written(new)


def _written(letter: Message) -> bytes:
    out = BytesIO()
    BytesGenerator(out, policy=LINES).flatten(letter)
    return out.getvalue()


def _parsed(letter: bytes) -> Message:
    return BytesParser(policy=LINES).parsebytes(letter)


def _inner(part: Message) -> list[Message]:
    """The parts of a multipart; a forwarded message is one part and not looked into."""
    payload = cast("list[Message] | str | None", part.get_payload())
    return payload if part.get_content_maintype() == "multipart" and isinstance(payload, list) else []


def _files(part: Message) -> Iterator[Message]:
    for each in _inner(part):
        yield from _files(each)
    if part.get_content_maintype() != "multipart" and (part.get_filename() or _is_attached(part)):
        yield part


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment"


def _mixed(letter: Message) -> list[Message]:
    """The parts of a letter that has files; of another its content as the one part."""
    return (_inner(letter) if letter.get_content_type() == "multipart/mixed" else []) or [_content(letter)]


def _body(letter: Message) -> Message:
    """What is read, of a letter that we wrote."""
    return _mixed(letter)[0]


def _content(letter: Message) -> Message:
    """A letter without its own headers."""
    body = Message(policy=LINES)
    for name in OF_CONTENT:
        if name in letter:
            body[name] = str(letter[name])
    body.set_payload(letter.get_payload())
    return body


def _put(letter: Message, parts: list[Message]) -> None:
    """Make the parts the content of a letter, whose other headers stay."""
    for name in ("MIME-Version", *OF_CONTENT):
        del letter[name]
    letter["MIME-Version"] = "1.0"
    if len(parts) == 1:
        for name, value in parts[0].items():
            letter[name] = value
        letter.set_payload(parts[0].get_payload())
        return
    letter["Content-Type"] = "multipart/mixed"
    letter.set_payload([*parts])
