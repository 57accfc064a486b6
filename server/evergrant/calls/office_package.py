"""The parts of an Office file (ISO/IEC 29500-2): a zip of XML, which may be made to hurt."""

import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, fromstring

from evergrant.calls.values import BadValue

MOST_UNPACKED: Final = 50 << 20
"""Bytes of XML that are read of one file: a small zip can hold very much of the same."""
RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(slots=True)
class Package:
    """One file, of which so much may still be read."""

    zip: zipfile.ZipFile
    left: int = MOST_UNPACKED

    def has(self, name: str) -> bool:
        return name in self.zip.NameToInfo

    def part(self, name: str) -> Element:
        """The root of one part; raises BadValue, and KeyError where there is none."""
        self.left -= self.zip.getinfo(name).file_size
        if self.left < 0:
            raise BadValue("an Office file that is too large")
        text = self.zip.read(name).decode("utf-8-sig")
        if "<!DOCTYPE" in text:
            raise BadValue("an Office file with a document type, which none has")
        return fromstring(text.encode())  # noqa: S314 - without a document type there are no entities to expand

    def referred(self, main: str, kind: str) -> Iterator[tuple[Element, Element]]:
        """Each element of this name in a part, with the root of the part that it refers to."""
        folder, name = posixpath.split(main)
        relations = self.part(f"{folder}/_rels/{name}.rels")
        targets: Mapping[str, str] = {each.attrib["Id"]: each.attrib["Target"] for each in relations}
        for element in every(self.part(main), kind):
            target = targets[element.attrib[RELATION]]
            yield element, self.part(posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"))


def every(element: Element, name: str) -> Iterator[Element]:
    """All elements of a name, whatever their namespace."""
    return (each for each in element.iter() if local(each) == name)


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]
