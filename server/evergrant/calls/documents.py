"""Codecs that turn services' documents into Markdown, which models read: HTML, Atlassian's, Notion's."""

# Imported where it is used: only few calls need it, and it takes a fifth of a start.
# ruff: noqa: PLC0415, PLR0911  (a table of kinds reads best as one match)

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from evergrant.model.json import Json, at, text_at

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

DEEPEST = 30


def markdown(value: Json) -> Json:
    """HTML as Markdown, without scripts and styles."""
    from markdownify import MarkdownConverter

    converted: str = MarkdownConverter(heading_style="ATX", bullets="-").convert_soup(_soup(str(value)))
    lines = (line.rstrip() for line in converted.strip().splitlines())
    return without_gaps("\n".join(lines))


def plain(value: Json) -> Json:
    """HTML as plain text, a line for each of its blocks."""
    text: str = _soup(str(value)).get_text("\n", strip=True)
    return text


def _soup(text: str) -> "BeautifulSoup":
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(text, "html.parser")
    for tag in soup(["script", "style", "head", "title"]):
        tag.decompose()
    return soup


def without_gaps(text: str) -> str:
    """The text without more than one empty line at a place."""
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def children(value: Json, pointer: str) -> Iterator[Json]:
    """The elements of the list at a pointer; none where there is no list."""
    found = at(value, pointer)
    yield from found if isinstance(found, list) else ()


def adf_markdown(value: Json) -> Json:
    """An Atlassian document (ADF) as Markdown; a text stays one."""
    if isinstance(value, str):
        return value
    return without_gaps("\n\n".join(_adf_blocks(value, 0)).strip())


def _adf_blocks(node: Json, depth: int) -> Iterator[str]:
    for child in children(node, "/content") if depth < DEEPEST else ():
        yield _adf_block(child, depth)


def _adf_block(node: Json, depth: int) -> str:
    kind = text_at(node, "/type")
    match kind:
        case "heading":
            return f"{'#' * int(text_at(node, '/attrs/level') or 1)} {_adf_inline(node)}"
        case "bulletList" | "orderedList":
            signs = (f"{number}. " if kind == "orderedList" else "- " for number in range(1, 10_000))
            items = zip(signs, children(node, "/content"), strict=False)
            return "\n".join(_hung(sign, "\n".join(_adf_blocks(item, depth + 1))) for sign, item in items)
        case "codeBlock":
            return f"```{text_at(node, '/attrs/language') or ''}\n{_adf_inline(node)}\n```"
        case "blockquote" | "panel" | "expand":
            return _hung("> ", "\n\n".join(_adf_blocks(node, depth + 1)), "> ")
        case "rule":
            return "---"
        case "table":
            return "\n".join(_adf_row(row, depth) for row in children(node, "/content"))
        case "paragraph":
            return _adf_inline(node)
        case _:
            return "\n\n".join(_adf_blocks(node, depth + 1)) or _adf_leaf(node)


def _adf_row(row: Json, depth: int) -> str:
    cells = (" ".join(_adf_blocks(cell, depth + 1)) for cell in children(row, "/content"))
    return f"| {' | '.join(cells)} |"


def _adf_inline(node: Json) -> str:
    return "".join(map(_adf_leaf, children(node, "/content")))


def _adf_leaf(node: Json) -> str:
    match text_at(node, "/type"):
        case "text":
            return _marked(text_at(node, "/text") or "", list(children(node, "/marks")))
        case "hardBreak":
            return "\n"
        case "mention" | "emoji" | "status" | "date":
            return next(
                (found for key in ("text", "shortName", "timestamp") if (found := text_at(node, f"/attrs/{key}"))), ""
            )
        case "inlineCard" | "blockCard" | "embedCard":
            return text_at(node, "/attrs/url") or ""
        case _:
            return ""


def _marked(text: str, marks: Iterable[Json]) -> str:
    signs = {"strong": "**", "em": "_", "strike": "~~", "code": "`"}
    for mark in marks:
        sign = signs.get(text_at(mark, "/type") or "", "")
        href = text_at(mark, "/attrs/href")
        text = f"[{text}]({href})" if href else f"{sign}{text}{sign}"
    return text


def _hung(sign: str, text: str, below: str | None = None) -> str:
    """A list's item: the sign before its first line, and room for it before the others."""
    room = " " * len(sign) if below is None else below
    first, *others = text.split("\n")
    return "\n".join([f"{sign}{first}", *(f"{room}{line}".rstrip() for line in others)])


def notion_markdown(value: Json) -> Json:
    """A list of Notion's blocks as Markdown; below a block, those under its `children`."""
    return "\n".join(_notion_lines(value if isinstance(value, list) else [], 0))


def _notion_lines(blocks: Iterable[Json], depth: int) -> Iterator[str]:
    for block in blocks:
        kind = text_at(block, "/type") or ""
        text = "".join(map(_rich, children(block, f"/{kind}/rich_text")))
        yield "  " * depth + _notion_line(kind, block, text)
        below = [*children(block, "/children"), *children(block, f"/{kind}/children")]
        if depth < DEEPEST:
            yield from _notion_lines(below, depth + 1)


def _notion_line(kind: str, block: Json, text: str) -> str:
    signs = {
        "heading_1": "# ",
        "heading_2": "## ",
        "heading_3": "### ",
        "bulleted_list_item": "- ",
        "numbered_list_item": "1. ",
        "quote": "> ",
        "callout": "> ",
        "toggle": "- ",
    }
    match kind:
        case "to_do":
            return f"- [{'x' if at(block, '/to_do/checked') is True else ' '}] {text}"
        case "code":
            return f"```{text_at(block, '/code/language') or ''}\n{text}\n```"
        case "divider":
            return "---"
        case "table_row":
            cells = at(block, "/table_row/cells")
            rows = (
                ("".join(map(_rich, cell)) for cell in cells if isinstance(cell, list))
                if isinstance(cells, list)
                else ()
            )
            return f"| {' | '.join(rows)} |"
        case "child_page" | "child_database":
            return f"[{text_at(block, f'/{kind}/title') or ''}] ({kind.replace('_', ' ')} {text_at(block, '/id')})"
        case _:
            address = next(
                (found for key in ("url", "external/url", "file/url") if (found := text_at(block, f"/{kind}/{key}"))),
                "",
            )
            return signs.get(kind, "") + (text or address)


def _rich(piece: Json) -> str:
    text = text_at(piece, "/plain_text") or text_at(piece, "/text/content") or ""
    signs = {"code": "`", "bold": "**", "italic": "_", "strikethrough": "~~"}
    for name, sign in signs.items():
        if at(piece, f"/annotations/{name}") is True and text.strip():
            text = f"{sign}{text}{sign}"
    href = text_at(piece, "/href")
    return f"[{text}]({href})" if href else text
