"""Letters made of other letters: a draft with some of it changed, and a letter that hands on the files of another."""

from collections.abc import Iterator
from copy import copy
from email.generator import BytesGenerator
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import Compat32
from io import BytesIO
from typing import Final, cast

REPLACED: Final = ("To", "Cc", "Bcc", "Subject")
OF_CONTENT: Final = frozenset({"content-type", "content-transfer-encoding", "content-disposition"})
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
        return _written(_put(old, [_body(new), *_files(old), *added]))
    return _written(_put(old, [*_mixed(old), *added]) if added else old)


def with_files_of(whole: bytes, letter: EmailMessage) -> bytes:
    """The letter with the files of the one in `whole`, each as it came."""
    new = _parsed(letter.as_bytes())
    files = list(_files(_parsed(whole)))
    return _written(_put(new, [*_mixed(new), *files]) if files else new)


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
    return _headed(letter, [(name, value) for name, value in letter.items() if name.lower() in OF_CONTENT])


def _put(letter: Message, parts: list[Message]) -> Message:
    """The letter with the parts as its content; its other headers stay."""
    content = parts[0] if len(parts) == 1 else _mixture(parts)
    dropped = {"mime-version", *OF_CONTENT}
    kept = [(name, value) for name, value in letter.items() if name.lower() not in dropped]
    of_content = [(name, value) for name, value in content.items() if name.lower() != "mime-version"]
    return _headed(content, [*kept, ("MIME-Version", "1.0"), *of_content])


def _mixture(parts: list[Message]) -> Message:
    whole = Message(policy=LINES)
    whole["Content-Type"] = "multipart/mixed"
    whole.set_payload([*parts])
    return whole


def _headed(content: Message, headers: list[tuple[str, str]]) -> Message:
    """The content with these headers alone.

    A copy has it as the parser read it; get_payload would decode what is not ASCII, and the generator fail at that.
    """
    headed = copy(content)
    for name in content:
        del headed[name]
    for name, value in headers:
        headed[name] = value
    return headed
