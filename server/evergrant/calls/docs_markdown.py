"""A Google document (`documents.get`) as Markdown, which models read: of one tab, or of all its tabs."""

# ruff: noqa: PLR0911  (a table of kinds reads best as one match)

from collections.abc import Iterator

from evergrant.calls.documents import DEEPEST, children, without_gaps
from evergrant.model.json import Json, at, text_at

ORDERED = frozenset({"DECIMAL", "ZERO_DECIMAL", "UPPER_ALPHA", "ALPHA", "UPPER_ROMAN", "ROMAN"})
SIGNS = (("bold", "**"), ("italic", "_"), ("strikethrough", "~~"))


def docs_markdown(value: Json) -> Json:
    """Where there are several tabs, the name of each stands in a comment before it."""
    tabs = list(tabs_of(value, 0))
    if len(tabs) < 2:
        return _tab(at(tabs[0], "/documentTab") if tabs else value)
    named = (f"<!-- tab: {text_at(tab, '/tabProperties/title')} -->\n\n{_tab(at(tab, '/documentTab'))}" for tab in tabs)
    return "\n\n".join(named).strip()


def tabs_of(value: Json, depth: int) -> Iterator[Json]:
    """Every tab of a document, and below each its own."""
    for tab in children(value, "/childTabs" if depth else "/tabs") if depth < DEEPEST else ():
        yield tab
        yield from tabs_of(tab, depth + 1)


def _tab(tab: Json) -> str:
    return without_gaps("\n".join(_blocks(at(tab, "/body") or tab, tab, 0)).strip())


def _blocks(body: Json, tab: Json, depth: int) -> Iterator[str]:
    in_list = False
    for block in children(body, "/content"):
        listed = at(block, "/paragraph/bullet") is not None
        if in_list and not listed:
            yield ""
        in_list = listed
        if at(block, "/paragraph") is not None:
            yield _paragraph(at(block, "/paragraph"), tab)
        if at(block, "/table") is not None and depth < DEEPEST:
            yield from _table(at(block, "/table"), tab, depth)


def _table(table: Json, tab: Json, depth: int) -> Iterator[str]:
    yield ""
    for number, row in enumerate(children(table, "/tableRows")):
        cells = [_cell(cell, tab, depth) for cell in children(row, "/tableCells")]
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield f"|{' --- |' * len(cells)}"
    yield ""


def _cell(cell: Json, tab: Json, depth: int) -> str:
    return " ".join(" ".join(_blocks(cell, tab, depth + 1)).split()).replace("|", "\\|")


def _paragraph(paragraph: Json, tab: Json) -> str:
    text = "".join(_element(element, tab) for element in children(paragraph, "/elements")).rstrip("\n")
    style = text_at(paragraph, "/paragraphStyle/namedStyleType") or ""
    if not text:
        return ""
    if style.startswith("HEADING_"):
        return f"\n{'#' * int(style[-1])} {text}\n"
    if at(paragraph, "/bullet") is not None:
        return f"{_bullet(at(paragraph, '/bullet'), tab)}{text}"
    return f"\n# {text}\n" if style == "TITLE" else f"{text}\n"


def _bullet(bullet: Json, tab: Json) -> str:
    level = int(text_at(bullet, "/nestingLevel") or 0)
    kind = at(tab, f"/lists/{text_at(bullet, '/listId')}/listProperties/nestingLevels/{level}/glyphType")
    # A number and its full stop take three places, and what is below hangs under the text.
    return f"{'   ' * level}1. " if kind in ORDERED else f"{'  ' * level}- "


def _element(element: Json, tab: Json) -> str:
    match next((kind for kind in _KINDS if at(element, f"/{kind}") is not None), ""):
        case "textRun":
            return _run(at(element, "/textRun"))
        case "richLink":
            found = at(element, "/richLink/richLinkProperties")
            return f"[{text_at(found, '/title')}]({text_at(found, '/uri')})"
        case "person":
            found = at(element, "/person/personProperties")
            return text_at(found, "/name") or text_at(found, "/email") or ""
        case "dateElement":
            return text_at(element, "/dateElement/dateElementProperties/displayText") or ""
        case "footnoteReference":
            return f"[^{text_at(element, '/footnoteReference/footnoteNumber')}]"
        case "inlineObjectElement":
            return _picture(at(tab, f"/inlineObjects/{text_at(element, '/inlineObjectElement/inlineObjectId')}"))
        case "horizontalRule":
            return "---"
        case _:
            return ""


_KINDS = ("textRun", "richLink", "person", "dateElement", "footnoteReference", "inlineObjectElement", "horizontalRule")


def _picture(found: Json) -> str:
    shown = at(found, "/inlineObjectProperties/embeddedObject")
    return f"![{text_at(shown, '/description') or text_at(shown, '/title') or 'picture'}]"


def _run(run: Json) -> str:
    text = text_at(run, "/content") or ""
    body = text.strip("\n ")
    if not body:
        return text
    shown = body
    for name, sign in SIGNS:
        if at(run, f"/textStyle/{name}") is True:
            shown = f"{sign}{shown}{sign}"
    url = text_at(run, "/textStyle/link/url")
    return text.replace(body, f"[{shown}]({url})" if url else shown, 1)
