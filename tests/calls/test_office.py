import base64
import io
import zipfile

import pytest

from evergrant.calls.office import MOST_CHARACTERS, file_text
from evergrant.calls.office_package import MOST_UNPACKED
from evergrant.calls.values import BadValue

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'


def packed(**parts: str) -> str:
    """An Office file in base64; `__` in the names stands for a slash."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(
                name.replace("__", "/").replace("RELS", "_rels") + (".rels" if "RELS" in name else ".xml"), text
            )
    return base64.b64encode(written.getvalue()).decode()


def relations(**targets: str) -> str:
    listed = "".join(f'<Relationship Id="{name}" Target="{target}"/>' for name, target in targets.items())
    return f"<Relationships>{listed}</Relationships>"


def word(body: str) -> str:
    return packed(word__document=f"<w:document {W}><w:body>{body}</w:body></w:document>")


def book(rows: str, **more: str) -> str:
    return packed(
        xl__workbook=f'<workbook {R}><sheets><sheet name="Plan" r:id="r1"/></sheets></workbook>',
        **{"xl__RELS__workbook.xml": relations(r1="worksheets/sheet1.xml")},
        xl__worksheets__sheet1=f"<worksheet><sheetData>{rows}</sheetData></worksheet>",
        **more,
    )


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize("content", ["Grüße\n".encode(), b"\xef\xbb\xbf" + "Grüße\n".encode()])
def test_a_text_file_is_its_text(content: bytes) -> None:
    assert file_text(encoded(content)) == "Grüße\n"


@pytest.mark.parametrize("content", [b"%PDF-1.7\n\xff\xfe", b"a\0b", b"PK\x03\x04broken"])
def test_another_file_has_no_text(content: bytes) -> None:
    with pytest.raises(BadValue):
        file_text(encoded(content))


def test_a_zip_that_is_no_office_file_has_no_text() -> None:
    with pytest.raises(BadValue, match="no Office file"):
        file_text(packed(a="<a/>"))


def test_a_word_file_is_its_paragraphs_and_tables() -> None:
    body = (
        "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>Hello </w:t></w:r>"
        "<w:r><w:t>world</w:t><w:br/><w:t>!</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>"
        "<w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        "<w:sdt><w:sdtContent><w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p></w:sdtContent></w:sdt>"
    )
    assert file_text(word(body)) == "Hello world\n!\na | b\nnew"


def test_what_older_programs_read_instead_is_not_said_twice() -> None:
    box = "<w:r><Choice><w:t>once</w:t></Choice><Fallback><w:t>once</w:t></Fallback></w:r>"
    assert file_text(word(f"<w:p>{box}</w:p><Fallback><w:p>{box}</w:p></Fallback>")) == "once"


def test_slides_stand_in_the_order_in_which_they_are_shown() -> None:
    def slide(text: str) -> str:
        return f"<p:sld xmlns:p='p' {A}><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sld>"

    shown = packed(
        ppt__presentation=f'<p:presentation xmlns:p="p" {R}><p:sldId r:id="r2"/><p:sldId r:id="r1"/></p:presentation>',
        **{"ppt__RELS__presentation.xml": relations(r1="slides/slide1.xml", r2="/ppt/slides/slide2.xml")},
        ppt__slides__slide1=slide("Second"),
        ppt__slides__slide2=slide("First"),
    )
    assert file_text(shown) == "# 1\nFirst\n# 2\nSecond"


def test_a_sheet_is_csv_with_every_value_in_its_column() -> None:
    rows = (
        '<row><c r="A1" t="s"><v>0</v></c><c r="C1"><v>4.5</v></c></row>'
        '<row><c t="inlineStr"><is><t>in, line</t></is></c><c t="b"><v>1</v></c><c t="str"><f>A1</f><v>x</v></c></row>'
    )
    shared = "<sst><si><r><t>Na</t></r><r><t>me</t></r><rPh><t>ne</t></rPh></si></sst>"
    assert file_text(book(rows, xl__sharedStrings=shared)) == '# Plan\nName,,4.5\n"in, line",TRUE,x'


@pytest.mark.parametrize(
    "file",
    [
        word("<w:p><w:r><w:t>" + " " * MOST_UNPACKED + "</w:t></w:r></w:p>"),
        word("<w:p>" * 3000 + "</w:p>" * 3000),
        word("<w:p>"),
        packed(word__document='<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        book('<row><c t="s"><v>7</v></c></row>'),
        book('<row><c t="inlineStr"><is><t>' + "x" * (MOST_CHARACTERS + 1) + "</t></is></c></row>"),
        book("<row/>" + '<row><c r="XFD1"/></row>' * (MOST_CHARACTERS // 16_000)),
    ],
)
def test_a_file_that_is_made_to_hurt_has_no_text(file: str) -> None:
    with pytest.raises(BadValue):
        file_text(file)
