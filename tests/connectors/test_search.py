"""Whether a model that asks in people's words is shown the right tool among the first."""

from typing import Final

from pydantic import TypeAdapter
from tests.connectors.examples import HERE
from tests.oauth.samples import ROOT

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.reading import parse, read
from evergrant.catalog.search import build, search

FILE: Final = HERE / "requests.yml"
SHOWN: Final = 5


def ranks() -> dict[str, int | None]:
    """For each request the place (from 0) of the first right tool; None where it is not among those shown."""
    catalog = Catalog([ROOT])
    index = build(
        (name, tool, declared) for name in catalog.connectors() for tool, declared in catalog.tools(name).items()
    )
    wanted = parse(TypeAdapter(dict[str, tuple[str, ...]]), read(FILE), FILE)
    found = {request: [hit.name for hit in search(index, request, SHOWN)] for request in wanted}
    return {
        request: next((place for place, name in enumerate(found[request]) if name in right), None)
        for request, right in wanted.items()
    }


def test_the_right_tool_is_among_the_first_five_and_mostly_the_first() -> None:
    places = ranks()

    assert len(places) == 100
    assert sum(place is not None for place in places.values()) >= 90, [
        r for r, place in places.items() if place is None
    ]
    assert sum(place == 0 for place in places.values()) >= 65, [r for r, place in places.items() if place]
