"""What a tool asks of a service: every request that a call of it can make, with the names that it sends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evergrant.calls.request import unplaced
from evergrant.catalog.connector import Connector
from evergrant.catalog.pages import Pages
from evergrant.catalog.request import PLACEHOLDER, RequestTemplate
from evergrant.catalog.tool import Tool
from evergrant.model.json import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `~` stands where its address has a value."""

    method: str
    address: str
    query: frozenset[str]
    body: Json
    """The template."""
    more: frozenset[str]
    """Members of the body that no template names."""
    graphql: str | None


def asked(connector: Connector, tool: Tool) -> Iterator[Asked]:
    """The steps', the items' and the tool's own; not those that go to an address out of an answer."""
    for step in tool.first.values():
        yield from _asked(connector, step, frozenset())
    if tool.expand:
        yield from _asked(connector, tool.expand, frozenset())
    if not tool.passthrough:
        yield from _asked(connector, tool, frozenset(unplaced(tool)) | _of_pages(tool.pages))


def _of_pages(pages: Pages | None) -> frozenset[str]:
    return frozenset(name for name in (pages.parameter, pages.size) if name) if pages else frozenset()


def _asked(connector: Connector, template: RequestTemplate, rest: frozenset[str]) -> Iterator[Asked]:
    if template.given_address:
        return
    in_query = template.method in ("GET", "DELETE")
    named: frozenset[str] = frozenset(_mapping(template.query))
    yield Asked(
        method=template.method,
        address=_address(connector, template.path),
        query=named | (rest if in_query else frozenset[str]()),
        body=template.body,
        more=frozenset() if in_query else rest,
        graphql=template.graphql,
    )


def _address(connector: Connector, path: str) -> str:
    filled = PLACEHOLDER.sub("~", path).partition("?")[0]
    return filled if filled.startswith("https://") else connector.base_url.rstrip("/") + filled


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
