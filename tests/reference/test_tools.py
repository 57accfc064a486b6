"""The catalogue's costs stay within what was promised, and the page about it is what the files say."""

import shutil
from pathlib import Path
from typing import Final

import pytest
from tests.oauth.samples import ROOT
from tests.reference.__main__ import PAGE, score, surface
from tests.reference.tools import mean_tokens, page, shipped

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.declaration import DeclarationError

CATALOG: Final = Catalog([ROOT])
MOST_A_TOOL, MOST_AT_FIRST = 220, 2000


def test_a_tool_costs_at_most_220_tokens_on_average() -> None:
    assert mean_tokens(shipped(CATALOG)) <= MOST_A_TOOL


def test_an_agent_is_shown_at_most_2000_tokens_at_first() -> None:
    assert surface() <= MOST_AT_FIRST


def test_the_page_about_the_tools_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(CATALOG, score(), surface()), "scripts/tools --write"


def test_no_file_of_tools_is_read_before_its_connector_is_used(tmp_path: Path) -> None:
    for folder in ("connectors", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in (tmp_path / "schemas").glob("*.yaml"):
        if file.stem != "github":
            file.write_text("{", encoding="utf-8")
    catalog = Catalog([tmp_path])

    assert catalog.tool("github_get_me")[0] == "github"
    with pytest.raises(DeclarationError):
        catalog.tools("gmail")
