"""Print what the catalogue holds, costs and is found by; `scripts/tools --help`."""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import anyio
import structlog
from mcp import Client
from tests.connectors.test_search import COLLOQUIAL, PLAIN, SHOWN, ranks
from tests.fakes.practice import practice
from tests.oauth.samples import ROOT
from tests.reference.tools import Score, Scores, page, shipped, totals

from evergrant.catalog.catalog import Catalog
from evergrant.entry.mcp.server import make_server
from evergrant.lint.inputs import CHARACTERS_OF_A_TOKEN
from evergrant.model.principal import Principal
from evergrant.parts import mcp_parts
from evergrant.settings import LOCAL_TENANT

READ: Final = {"name", "description", "input_schema"}
"""What hosts show a model of a tool; titles, hints, icons and output schemas are for programs."""
PAGE: Final = ROOT / "docs" / "reference" / "tools.md"


def scores() -> Scores:
    """Over the requests in tests/connectors/requests*.yml."""
    return Scores(_score(PLAIN), _score(COLLOQUIAL))


def _score(file: Path) -> Score:
    places = ranks(file)
    shown = [place for place in places.values() if place is not None]
    assert all(place < SHOWN for place in shown)
    return Score(len(places), shown.count(0), len(shown))


def surface() -> int:
    """Tokens of what a model reads of the tools that a client without an account is listed."""

    async def work() -> int:
        with tempfile.TemporaryDirectory() as home:
            async with practice(Path(home)) as made:
                server = make_server(mcp_parts(made.app, structlog.get_logger()), lambda: Principal(LOCAL_TENANT))
                async with Client(server) as client:
                    listed = (await client.list_tools()).tools
        return sum(len(tool.model_dump_json(by_alias=True, include=READ)) for tool in listed)

    return anyio.run(work) // CHARACTERS_OF_A_TOKEN


def loading() -> str:
    """The processor time that the first use of each connector costs, on this machine now."""
    catalog = Catalog([ROOT])
    costs = dict[str, float]()
    for name in catalog.connectors():
        begun = time.process_time()
        catalog.tools(name)
        costs[name] = (time.process_time() - begun) * 1000
    slowest = max(costs, key=lambda name: costs[name])
    average = sum(costs.values()) / len(costs)
    return f"First use of a connector: {average:.1f} ms on average, {costs[slowest]:.1f} ms for {slowest}."


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/tools", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/reference/tools.md")
    write = parser.parse_args().write
    catalog, found, shown = Catalog([ROOT]), scores(), surface()
    if write:
        PAGE.write_text(page(catalog, found, shown), encoding="utf-8")
    print("\n".join([*totals(shipped(catalog), found, shown), loading()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
