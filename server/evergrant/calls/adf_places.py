"""What an Atlassian document (ADF) may have where: one node in a wrong place, and the whole of it is refused.

Markdown allows more, so what does not fit becomes what comes closest: a heading in a list is a bold paragraph.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from evergrant.model.json import Json, JsonObject, at, text_at

_IN_FLOW: Final = frozenset({"paragraph", "bulletList", "orderedList", "codeBlock"})
_MAY_HAVE: Final[Mapping[str, frozenset[str]]] = {"listItem": _IN_FLOW, "blockquote": _IN_FLOW}
_EMPTY: Final[JsonObject] = {"type": "paragraph", "content": []}
_STRONG: Final[JsonObject] = {"type": "strong"}


def fitting(kind: str, content: Iterable[Json]) -> list[Json]:
    """The content of a node of this kind, as far as that may have it; a list's item begins with a paragraph or code."""
    allowed = _MAY_HAVE.get(kind)
    if allowed is None:
        return list(content)
    fitted = [each for node in content for each in _fitted(node, allowed)]
    begins = text_at(fitted[0], "/type") if fitted else None
    return fitted if begins in ("paragraph", "codeBlock") else [_EMPTY, *fitted]


def together(marks: Iterable[Json]) -> list[Json]:
    """The marks that one text may have: each once, and code has none beside it but a link."""
    by_kind = {text_at(mark, "/type"): mark for mark in marks}
    return [mark for kind, mark in by_kind.items() if "code" not in by_kind or kind in ("code", "link")]


def _fitted(node: Json, allowed: frozenset[str]) -> Iterator[Json]:
    kind = text_at(node, "/type")
    if kind in allowed:
        yield node
    elif kind == "heading":
        yield {"type": "paragraph", "content": [_strong(text) for text in _content(node)]}
    else:
        for child in _content(node):
            yield from _fitted(child, allowed)


def _strong(node: Json) -> Json:
    if not isinstance(node, dict) or node.get("type") != "text":
        return node
    marks = at(node, "/marks")
    return {**node, "marks": together([*(marks if isinstance(marks, list) else []), _STRONG])}


def _content(node: Json) -> list[Json]:
    content = at(node, "/content")
    return list(content) if isinstance(content, list) else []
