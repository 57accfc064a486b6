"""The text of Word, Excel and PowerPoint files (ISO/IEC 29500-1), without their looks."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from evergrant.calls.office_package import Package, every, local
from evergrant.calls.plain_codecs import as_text, decoded
from evergrant.calls.values import BadValue
from evergrant.model.json import Json

MOST_CHARACTERS: Final = 10 << 20
"""A sheet can say one long text in every cell."""
MOST_COLUMNS: Final = 16_384
CELL: Final = re.compile(r"([A-Z]{1,3})[0-9]+")
BROKEN: Final = (ParseError, zipfile.BadZipFile, zlib.error, LookupError, ValueError, RuntimeError, EOFError)
"""What reading of a broken or encrypted file ends in."""


def file_text(value: Json) -> Json:
    """The text in base64 of a text file, or of a Word, Excel or PowerPoint file; raises BadValue where it has none."""
    content = decoded(as_text(value))
    if content.startswith(b"PK\x03\x04"):
        return _office_text(content)
    try:
        if b"\0" not in content:
            return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    raise BadValue("a file without text")


def _office_text(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            return "\n".join(_measured(_lines(Package(opened))))
    except BROKEN as error:
        raise BadValue(f"a file whose text cannot be read: {error}") from None


def _lines(package: Package) -> Iterator[str]:
    if package.has("word/document.xml"):
        return _blocks(package.part("word/document.xml"))
    if package.has("ppt/presentation.xml"):
        return _slides(package)
    if package.has("xl/workbook.xml"):
        return _sheets(package)
    raise BadValue("a zip that is no Office file")


def _measured(lines: Iterator[str]) -> Iterator[str]:
    left = MOST_CHARACTERS
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            raise BadValue("too much text")
        yield line


def _slides(package: Package) -> Iterator[str]:
    for number, (_, slide) in enumerate(package.referred("ppt/presentation.xml", "sldId"), 1):
        yield f"# {number}"
        yield from _blocks(slide)


def _sheets(package: Package) -> Iterator[str]:
    shared = "xl/sharedStrings.xml"
    texts = [_text(each) for each in every(package.part(shared), "si")] if package.has(shared) else []
    for named, sheet in package.referred("xl/workbook.xml", "sheet"):
        yield f"# {named.get('name', '')}"
        yield from (_row(row, texts) for row in every(sheet, "row"))


def _row(row: Element, texts: list[str]) -> str:
    """A line of CSV, whose values stand in their columns."""
    cells: list[str] = []
    for cell in every(row, "c"):
        place = CELL.fullmatch(cell.get("r", ""))
        column = _column(place[1]) if place else len(cells)
        cells += [""] * (min(column, MOST_COLUMNS) - len(cells))
        cells.append(_value(cell, texts))
    if sum(map(len, cells)) > MOST_CHARACTERS:
        raise BadValue("too much text")
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _column(letters: str) -> int:
    """Counted from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: Element, texts: list[str]) -> str:
    kind = cell.get("t")
    if kind == "inlineStr":
        return _text(cell)
    value = next((each.text or "" for each in cell if local(each) == "v"), "")
    if kind == "s" and value:
        return texts[int(value)]
    return {"0": "FALSE", "1": "TRUE"}.get(value, value) if kind == "b" else value


def _blocks(element: Element) -> Iterator[str]:
    """Paragraphs, and rows of tables with a bar between their cells; Word and PowerPoint name them alike."""
    for child in element:
        match local(child):
            case "p":
                yield _text(child)
            case "tr":
                yield " | ".join(" ".join(_blocks(cell)) for cell in child if local(cell) == "tc")
            case "Fallback":
                continue  # the same once more, for older programs
            case _:
                yield from _blocks(child)


def _text(element: Element) -> str:
    match local(element):
        case "t":
            return element.text or ""
        case "tab":
            return "\t"
        case "br" | "cr":
            return "\n"
        case "pPr" | "rPh" | "Fallback":
            return ""  # looks, how to pronounce it, and the same once more
        case _:
            return "".join(map(_text, element))
