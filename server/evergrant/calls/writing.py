"""Codecs that turn Markdown, which models write, into the documents that services keep: HTML, Atlassian's, Notion's."""

# Imported where it is used: only few calls need it, and it takes a tenth of a start.
# ruff: noqa: PLC0415

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from evergrant.calls.adf_places import fitting, together
from evergrant.model.json import Json

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

LONGEST_NOTION_TEXT = 2000
"""Characters of one piece of rich text, by Notion's reference."""
_ADF_MARKS = {"strong": "strong", "em": "em", "s": "strike"}
_ADF_BLOCKS = {
    "paragraph": "paragraph",
    "bullet_list": "bulletList",
    "ordered_list": "orderedList",
    "list_item": "listItem",
    "blockquote": "blockquote",
    "table": "table",
    "tr": "tableRow",
    "th": "tableHeader",
    "td": "tableCell",
}
_NOTION_MARKS = {"strong": "bold", "em": "italic", "s": "strikethrough", "code": "code"}


def html(text: Json) -> Json:
    """Markdown as XHTML; HTML in it is shown as it was written, and not carried out."""
    rendered: str = _markdown().render(str(text))
    return rendered.strip()


def storage(text: Json) -> Json:
    """Markdown as Confluence's storage format: XHTML, with blocks of code in the macro that shows them."""
    markdown = _markdown()
    for name in ("fence", "code_block"):
        markdown.add_render_rule(name, _code_macro)
    rendered: str = markdown.render(str(text))
    return rendered.strip()


def _code_macro(_renderer: object, tokens: Sequence["Token"], index: int, *_: object) -> str:
    language, code = escape(tokens[index].info.strip()), tokens[index].content.rstrip("\n")
    parameter = f'<ac:parameter ac:name="language">{language}</ac:parameter>' if language else ""
    quoted = code.replace("]]>", "]]]]><![CDATA[>")
    body = f"<ac:plain-text-body><![CDATA[{quoted}]]></ac:plain-text-body>"
    return f'<ac:structured-macro ac:name="code">{parameter}{body}</ac:structured-macro>\n'


def adf(text: Json) -> Json:
    """Markdown as an Atlassian document (ADF 1)."""
    content = list(_adf_blocks(_tree(str(text)).children))
    return {"type": "doc", "version": 1, "content": content}


def notion_blocks(text: Json) -> Json:
    """Markdown as a list of Notion's blocks."""
    return list(_notion_blocks(_tree(str(text)).children))


def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    options = {"html": False, "xhtmlOut": True, "breaks": True}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])


def _tree(text: str) -> "SyntaxTreeNode":
    from markdown_it.tree import SyntaxTreeNode

    return SyntaxTreeNode(_markdown().parse(text))


def _adf_blocks(nodes: Iterable["SyntaxTreeNode"]) -> Iterator[Json]:
    for node in nodes:
        match node.type:
            case "heading":
                yield {
                    "type": "heading",
                    "attrs": {"level": int(node.tag[1:])},
                    "content": list(_adf_inline(node, ())),
                }
            case "fence" | "code_block":
                language: dict[str, Json] = {"attrs": {"language": node.info.strip()}} if node.info.strip() else {}
                code = node.content.rstrip("\n")
                inside: Json = [{"type": "text", "text": code}] if code else []
                yield {"type": "codeBlock", **language, "content": inside}
            case "hr":
                yield {"type": "rule"}
            case "thead" | "tbody":
                yield from _adf_blocks(node.children)
            case "paragraph":
                yield {"type": "paragraph", "content": list(_adf_inline(node, ()))}
            case "th" | "td":
                paragraph: Json = {"type": "paragraph", "content": list(_adf_inline(node, ()))}
                yield {"type": _ADF_BLOCKS[node.type], "content": [paragraph]}
            case _:
                kind = _ADF_BLOCKS.get(node.type, "paragraph")
                yield {"type": kind, "content": fitting(kind, _adf_blocks(node.children))}


def _adf_inline(node: "SyntaxTreeNode", marks: tuple[Json, ...]) -> Iterator[Json]:
    for piece in node.children:
        match piece.type:
            case "inline":
                yield from _adf_inline(piece, marks)
            case "text" | "code_inline" | "image":
                code: tuple[Json, ...] = ({"type": "code"},) if piece.type == "code_inline" else ()
                yield from _adf_text(piece.content or str(piece.attrs.get("src", "")), (*marks, *code))
            case "softbreak" | "hardbreak":
                yield {"type": "hardBreak"}
            case "link":
                link: Json = {"type": "link", "attrs": {"href": str(piece.attrs.get("href", ""))}}
                yield from _adf_inline(piece, (*marks, link))
            case _:
                mark: tuple[Json, ...] = ({"type": _ADF_MARKS[piece.type]},) if piece.type in _ADF_MARKS else ()
                yield from _adf_inline(piece, (*marks, *mark))


def _adf_text(text: str, marks: tuple[Json, ...]) -> Iterator[Json]:
    if text:
        yield {"type": "text", "text": text, **({"marks": together(marks)} if marks else {})}


def _notion_blocks(nodes: Iterable["SyntaxTreeNode"]) -> Iterator[Json]:
    for node in nodes:
        match node.type:
            case "heading":
                yield _block(f"heading_{min(int(node.tag[1:]), 3)}", _rich_text(node))
            case "bullet_list" | "ordered_list":
                kind = "bulleted_list_item" if node.type == "bullet_list" else "numbered_list_item"
                yield from (_list_item(kind, item) for item in node.children)
            case "blockquote":
                yield _with_children("quote", node)
            case "fence" | "code_block":
                language = node.info.strip() or "plain text"
                yield _block("code", _pieces(node.content.rstrip("\n"), {}, None), language=language)
            case "hr":
                yield {"object": "block", "type": "divider", "divider": {}}
            case "table":
                rows = [row for part in node.children for row in part.children]
                width = max(len(row.children) for row in rows)
                cells: Json = [_table_row(row) for row in rows]
                table: Json = {"table_width": width, "has_column_header": True, "children": cells}
                yield {"object": "block", "type": "table", "table": table}
            case _:
                yield _block("paragraph", _rich_text(node))


def _table_row(row: "SyntaxTreeNode") -> Json:
    cells: Json = [_rich_text(cell) for cell in row.children]
    return {"object": "block", "type": "table_row", "table_row": {"cells": cells}}


def _list_item(kind: str, item: "SyntaxTreeNode") -> Json:
    inline = item.children[0] if item.children and item.children[0].type == "paragraph" else None
    text = inline.children[0].content if inline and inline.children else ""
    if inline and text[:4].lower() in ("[ ] ", "[x] "):
        pieces = _pieces(text[4:], {}, None)
        return _block("to_do", pieces, checked=text[1] in "xX", **_children(item.children[1:]))
    return _with_children(kind, item)


def _with_children(kind: str, node: "SyntaxTreeNode") -> Json:
    """The first paragraph is the block's own text; what follows hangs below it."""
    own = node.children and node.children[0].type == "paragraph"
    text = _rich_text(node.children[0]) if own else []
    return _block(kind, text, **_children(node.children[1 if own else 0 :]))


def _children(nodes: Iterable["SyntaxTreeNode"]) -> dict[str, Json]:
    below = list(_notion_blocks(nodes))
    return {"children": below} if below else {}


def _block(kind: str, text: Json, **more: Json) -> Json:
    return {"object": "block", "type": kind, kind: {"rich_text": text, **more}}


def _rich_text(node: "SyntaxTreeNode") -> list[Json]:
    return [piece for each in node.children for piece in _rich_pieces(each, {}, None)]


def _rich_pieces(node: "SyntaxTreeNode", marks: Mapping[str, Json], link: str | None) -> Iterator[Json]:
    match node.type:
        case "text" | "image":
            yield from _pieces(node.content, marks, link)
        case "code_inline":
            yield from _pieces(node.content, {**marks, "code": True}, link)
        case "softbreak" | "hardbreak":
            yield from _pieces("\n", marks, link)
        case _:
            href = str(node.attrs.get("href", "")) if node.type == "link" else link
            more: dict[str, Json] = {_NOTION_MARKS[node.type]: True} if node.type in _NOTION_MARKS else {}
            for child in node.children:
                yield from _rich_pieces(child, {**marks, **more}, href)


def _pieces(text: str, marks: Mapping[str, Json], link: str | None) -> list[Json]:
    to: dict[str, Json] = {"link": {"url": link}} if link else {}
    shown: dict[str, Json] = {"annotations": dict(marks)} if marks else {}
    cut = (text[start : start + LONGEST_NOTION_TEXT] for start in range(0, len(text), LONGEST_NOTION_TEXT))
    return [{"type": "text", "text": {"content": part, **to}, **shown} for part in cut]
