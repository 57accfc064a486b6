"""What the shipped tools ask is what vendors publish. Needs the registries, once: `scripts/contracts --download`."""

from collections.abc import Mapping, Sequence
from typing import Final

import pytest
from tests.contracts.__main__ import PAGE, findings
from tests.contracts.check import Finding
from tests.contracts.contract import contracts
from tests.contracts.packages import CACHE, ROOT
from tests.contracts.table import page

from evergrant.catalog.catalog import Catalog

CATALOG: Final = Catalog([ROOT])
PRACTICE: Final = {"sandbox"}
downloaded = pytest.mark.skipif(not CACHE.exists(), reason="no descriptions here: scripts/contracts --download")


def test_every_connector_says_where_its_facts_can_be_looked_up() -> None:
    assert set(contracts()) == set(CATALOG.connectors()) - PRACTICE


@pytest.fixture(scope="module")
def found() -> Mapping[str, Sequence[Finding]]:
    return findings()


@downloaded
def test_nothing_is_wrong(found: Mapping[str, Sequence[Finding]]) -> None:
    assert [one for each in found.values() for one in each if one.verdict == "wrong"] == []


@downloaded
def test_the_table_is_current(found: Mapping[str, Sequence[Finding]]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(found, contracts()), "scripts/contracts --write"
