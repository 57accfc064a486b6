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
from tests.connectors.test_search import SHOWN, ranks
from tests.fakes.practice import practice
from tests.oauth.samples import ROOT
from tests.reference.tools import Score, page, shipped, totals

from evergrant.catalog.catalog import Catalog
from evergrant.entry.mcp.server import make_server
from evergrant.lint.inputs import CHARACTERS_OF_A_TOKEN
from evergrant.model.principal import Principal
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import mcp_parts

PAGE: Final = ROOT / "docs" / "reference" / "tools.md"


def score() -> Score:
    """Over the requests in tests/connectors/requests.yml."""
    places = ranks()
    shown = [place for place in places.values() if place is not None]
    assert all(place < SHOWN for place in shown)
    return Score(len(places), shown.count(0), len(shown))


def surface() -> int:
    """Tokens of what a client without an account is listed, as on the wire."""

    async def work() -> int:
        with tempfile.TemporaryDirectory() as home:
            async with practice(Path(home)) as made:
                server = make_server(mcp_parts(made.app, structlog.get_logger()), lambda: Principal(LOCAL_TENANT))
                async with Client(server) as client:
                    listed = (await client.list_tools()).tools
        return sum(len(tool.model_dump_json(by_alias=True, exclude_none=True)) for tool in listed)

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
    catalog, found, shown = Catalog([ROOT]), score(), surface()
    if write:
        PAGE.write_text(page(catalog, found, shown), encoding="utf-8")
    print("\n".join([*totals(shipped(catalog), found, shown), loading()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
