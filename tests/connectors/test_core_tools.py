"""The tools that people use most are there, under the names and with the effects that were decided for them."""

from typing import Final, get_args

import pytest
from pydantic import TypeAdapter
from tests.connectors.examples import HERE, Examples
from tests.oauth.samples import ROOT

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.errors import ErrorClass
from evergrant.catalog.reading import parse, read

CATALOG: Final = Catalog([ROOT])
LIST: Final = HERE / "core_tools.yml"
WANTED: Final = parse(TypeAdapter(dict[str, dict[str, tuple[str, ...]]]), read(LIST), LIST)


def test_the_list_names_405_tools_of_22_services() -> None:
    assert (len(WANTED), sum(len(names) for each in WANTED.values() for names in each.values())) == (22, 405)


@pytest.mark.parametrize("service", WANTED)
def test_a_service_has_the_tools_that_people_use_most(service: str) -> None:
    wanted = {f"{service}_{name}": effect for effect, names in WANTED[service].items() for name in names}
    found = {name: tool for name, tool in CATALOG.tools(service).items() if name in wanted}

    assert {name: tool.effect for name, tool in found.items()} == wanted
    assert {name for name, tool in found.items() if tool.tier != "core"} == set()


@pytest.mark.parametrize("service", WANTED)
def test_what_no_tool_covers_can_be_read_all_the_same(service: str) -> None:
    around = CATALOG.tools(service)[f"{service}_request"]

    assert around.passthrough is not None
    assert around.effect == "read"


@pytest.mark.parametrize("service", WANTED)
def test_all_six_classes_of_errors_are_tried(service: str) -> None:
    tried = {case.class_ for cases in Examples(service).errors.values() for case in cases}
    # A key has no token endpoint, which alone may say that a grant is dead.
    of_keys = {"terminal"} if CATALOG.connector(service).auth else set[str]()

    assert tried == set(get_args(ErrorClass)) - of_keys
