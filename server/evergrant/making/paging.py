"""How an operation hands out long lists, where its document makes it plain."""

from collections.abc import Mapping
from dataclasses import dataclass

from evergrant.making.document import Operation, Parameter
from evergrant.making.parts import mapping, text, whole
from evergrant.making.plain import plain
from evergrant.making.references import References
from evergrant.making.words import snake
from evergrant.model.json import Json

SIZES = (
    "limit",
    "per_page",
    "page_size",
    "max_results",
    "count",
    "size",
    "take",
    "page_limit",
    "results_per_page",
    "first",
    "top",
)
CURSORS = (
    "cursor", "page_token", "next_token", "start_cursor", "next_cursor", "after", "starting_after", "page_cursor",
    "continuation_token", "next_page_token", "marker", "offset", "page", "bookmark", "pagination_token",
)  # fmt: skip
NEXTS = (
    "/next_cursor", "/nextCursor", "/nextPageToken", "/next_page_token", "/nextToken", "/next_token", "/next_marker",
    "/paging/next/after", "/response_metadata/next_cursor", "/meta/next_cursor", "/meta/nextCursor",
    "/meta/next_token", "/pagination/next_cursor", "/pagination/nextCursor", "/page/next_cursor",
    "/paging/cursors/after", "/cursors/after", "/next_page/offset", "/next_page_cursor", "/bookmark",
    "/links/next_cursor",
)  # fmt: skip
ADDRESSES = (
    "/next", "/links/next", "/_links/next/href", "/paging/next", "/pagination/next", "/next_page", "/nextLink",
    "/@odata.nextLink", "/next_page_url", "/meta/next", "/links/pages/next", "/pages/next",
    "/next_url", "/nextPage", "/next_page_uri", "/meta/next_page_url",
)  # fmt: skip
NAMED = ("nextLink", "url", "uri", "href")
"""How an address is called, where its schema does not say that it is one."""
MORES = ("/has_more", "/hasMore", "/has_next_page", "/hasNextPage", "/meta/has_more", "/more", "/pagination/has_more")
TOTALS = (
    "/total",
    "/total_count",
    "/totalCount",
    "/meta/total",
    "/pagination/total",
    "/totalResults",
    "/meta/total_count",
)
LARGEST = 1000


@dataclass(frozen=True, slots=True)
class Paging:
    """What is plain of it."""

    pages: Mapping[str, Json]
    parameters: tuple[str, ...]
    """The query parameters that it takes charge of."""


def paging_of(references: References, operation: Operation, items: str) -> Paging | None:
    """How to get the next page of a list; None where the document does not make it plain."""
    if operation.method != "GET":
        return None
    finder = _Finder(references, operation)
    found = finder.by_answer() or finder.by_last(items) or finder.by_number(items)
    if found is None:
        return None
    pages, size = {**found.pages}, finder.size()
    parameters = list(found.parameters)
    if size is not None:
        pages["size"] = size.name
        pages |= _bounds(plain(references, size.schema))
        parameters.append(size.name)
    return Paging(pages, tuple(parameters))


def _bounds(schema: Mapping[str, Json]) -> dict[str, Json]:
    """The largest page: what the document says, else twice its default, else a hundred."""
    most, default = whole(schema.get("maximum")), whole(schema.get("default"))
    largest = most if most is not None else 100 if default is None else max(default, 1)
    largest = max(1, min(largest, LARGEST))
    return {"most": largest} if largest >= 20 else {"most": largest, "default": largest}


class _Finder:
    def __init__(self, references: References, operation: Operation) -> None:
        self._references = references
        self._answer = operation.answer
        self._query = {snake(each.name): each for each in operation.parameters if each.place == "query"}

    def size(self) -> Parameter | None:
        """The parameter that says how many."""
        found = (self._query[name] for name in SIZES if name in self._query)
        return next((each for each in found if self._kind(each.schema) in ("integer", "number")), None)

    def by_answer(self) -> Paging | None:
        """Where the answer says what comes next."""
        if self._answer.has_links:
            pages = tuple(self._query[name].name for name in CURSORS if name in self._query)
            return Paging({"by": "link"}, pages)
        more = next((pointer for pointer in MORES if self._kind(self._at(pointer)) == "boolean"), None)
        so_long: dict[str, Json] = {"more": more} if more else {}
        cursor = next((self._query[name] for name in CURSORS if self._is_cursor(name)), None)
        if cursor is not None:
            pointers = (*NEXTS, "/cursor") if cursor.name == "cursor" else NEXTS
            for pointer in pointers:
                if self._kind(self._at(pointer)) in ("string", "integer"):
                    parameter: dict[str, Json] = {"by": "cursor", "next": pointer, "parameter": cursor.name}
                    return Paging(parameter | so_long, (cursor.name,))
        return self._by_address(so_long)

    def _is_cursor(self, name: str) -> bool:
        """Whether there is such a parameter; a page or an offset that is a number is counted instead."""
        parameter = self._query.get(name)
        counted = name in ("page", "offset") and parameter and self._kind(parameter.schema) in ("integer", "number")
        return parameter is not None and not counted

    def _by_address(self, so_long: Mapping[str, Json]) -> Paging | None:
        for pointer in ADDRESSES:
            found = plain(self._references, self._at(pointer))
            is_address = found.get("format") in ("uri", "url", "uri-reference") or pointer.endswith(NAMED)
            if found.get("type") == "string" and is_address:
                names = ("start", "skip", *CURSORS)
                taken = tuple(self._query[name].name for name in names if name in self._query)
                return Paging({"by": "url", "next": pointer, **so_long}, taken)
        return None

    def by_last(self, items: str) -> Paging | None:
        """Where a page begins after the id of an item, as Stripe's."""
        parameter = self._query.get("starting_after")
        element = plain(self._references, plain(self._references, self._at(items)).get("items"))
        more = next((pointer for pointer in MORES if self._kind(self._at(pointer)) == "boolean"), None)
        if parameter is None or more is None or "id" not in mapping(element.get("properties")):
            return None
        taken = tuple(self._query[name].name for name in ("starting_after", "ending_before") if name in self._query)
        return Paging({"by": "cursor", "last": "/id", "parameter": parameter.name, "more": more}, taken)

    def by_number(self, items: str) -> Paging | None:
        """Where pages are counted; only with a size beside it, for else nobody knows which page is the last."""
        if self.size() is None:
            return None
        total = next((pointer for pointer in TOTALS if items and self._kind(self._at(pointer)) == "integer"), None)
        more = next((pointer for pointer in MORES if self._kind(self._at(pointer)) == "boolean"), None)
        ends: dict[str, Json] = {**({"total": total} if total else {}), **({"more": more} if more else {})}
        for name, by in (("page", "page"), ("page_number", "page"), ("offset", "offset"), ("skip", "offset")):
            parameter = self._query.get(name)
            if parameter is None or self._kind(parameter.schema) not in ("integer", "number"):
                continue
            schema = plain(self._references, parameter.schema)
            is_from_zero = by == "page" and 0 in (whole(schema.get("default")), whole(schema.get("minimum")))
            start: dict[str, Json] = {"start": 0} if is_from_zero else {}
            return Paging({"by": by, "parameter": parameter.name, **start, **ends}, (parameter.name,))
        return None

    def _at(self, pointer: str) -> Json:
        """The schema at a pointer into the answer."""
        schema: Json = self._answer.schema
        for key in pointer.split("/")[1:]:
            schema = mapping(plain(self._references, schema).get("properties")).get(key)
        return schema

    def _kind(self, schema: Json) -> str:
        return text(plain(self._references, schema).get("type")) if schema is not None else ""
