"""Toolsets: what a file of them may say, and which tools each has."""

from pathlib import Path

import pytest
from tests.oauth.samples import ROOT

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.toolsets import BadToolsets, Toolsets, UnknownToolset

SHIPPED = Catalog([ROOT])


def toolsets(folder: Path, text: str, catalog: Catalog = SHIPPED) -> Toolsets:
    file = folder / "toolsets.yaml"
    file.write_text(text, encoding="utf-8")
    return Toolsets(catalog, file)


def held(made: Toolsets, name: str, *connectors: str) -> list[str]:
    """The tools of these connectors that the toolset has."""
    return [
        tool
        for connector in connectors
        for tool, declared in SHIPPED.tools(connector).items()
        if made.hold([name], tool, declared)
    ]


def test_without_a_file_each_connector_is_a_toolset_of_its_core_tools(tmp_path: Path) -> None:
    made = Toolsets(SHIPPED, tmp_path / "toolsets.yaml")
    core = [name for name, tool in SHIPPED.tools("gmail").items() if tool.tier == "core"]

    made.check(["gmail", "google_sheets"])
    assert held(made, "gmail", "gmail", "google_drive") == core
    assert "gmail_request" in SHIPPED.tools("gmail")
    assert "gmail_request" not in core


def test_a_toolset_of_ones_own_has_what_its_patterns_match_of_every_tier(tmp_path: Path) -> None:
    made = toolsets(tmp_path, "research: {tools: [sandbox_search_*, gmail_request, sandbox_delete_contact]}\n")

    found = held(made, "research", "sandbox", "gmail")

    assert found == ["sandbox_search_contacts", "sandbox_delete_contact", "gmail_request"]


def test_a_toolset_for_reading_leaves_out_what_writes(tmp_path: Path) -> None:
    made = toolsets(tmp_path, "look: {tools: [sandbox_*], read_only: true}\n")

    assert {SHIPPED.tools("sandbox")[name].effect for name in held(made, "look", "sandbox")} == {"read"}


def test_a_toolset_that_is_gone_has_nothing() -> None:
    assert not held(Toolsets(SHIPPED), "research", "sandbox")


def test_an_unknown_name_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownToolset, match=r"no toolset 'gmial'. There are: look, airtable, .*gmail"):
        toolsets(tmp_path, "look: {tools: [sandbox_*]}\n").check(["look", "gmial"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gmail: {tools: [gmail_*]}", "gmail: this name is taken"),
        ("all: {tools: [gmail_*]}", "all: this name is taken"),
        ("search: {tools: [gmail_*]}", "search: this name is taken"),
        ("read: {tools: [gmail_*]}", "read: this name is taken"),
        ("Research: {tools: [gmail_*]}", r"toolsets.yaml:1: .*"),
        ("r: {tools: []}", r"toolsets.yaml:1: r.tools"),
        ("r: {}", r"toolsets.yaml:1: r.tools"),
        ("r:\n  tools: [gmail_*]\n  readonly: true", r"toolsets.yaml:3: r.readonly"),
        ("r: {tools: [gmail_*], read_only: yes}", r"r.read_only"),
        ("r: {tools: ['[a-z]*']}", r"r.tools.0"),
        ("r: {tools: [gmail_*]}\nr: {tools: [zoom_*]}", "toolsets.yaml:2: a key is repeated"),
        ("- gmail_*", "must be a mapping"),
        ("r: {tools: [gmail_serach*]}", r"no tool is called gmail_serach\*.*evergrant tools list"),
        ("r: {tools: [sandbox_delete_contact], read_only: true}", "no tool that reads is called sandbox_delete"),
    ],
)
def test_a_file_that_is_not_right_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadToolsets, match=said):
        toolsets(tmp_path, text).check([])


def test_only_the_files_of_the_connectors_that_a_pattern_may_mean_are_read(tmp_path: Path) -> None:
    class OfSandbox(Catalog):
        def tools_file(self, name: str) -> Path:
            assert name == "sandbox"
            return super().tools_file(name)

    toolsets(tmp_path, "r: {tools: [sandbox_search_*, sand*]}", OfSandbox([ROOT])).check([])


def test_a_connector_that_cannot_be_read_takes_no_toolset_away(tmp_path: Path) -> None:
    for folder in ("connectors", "schemas"):
        (tmp_path / folder).mkdir()
    (tmp_path / "connectors" / "ledger.yaml").write_text((ROOT / "connectors" / "sandbox.yaml").read_text())
    (tmp_path / "schemas" / "ledger.yaml").write_text("{")

    toolsets(tmp_path, "r: {tools: [ledger_*]}", Catalog([ROOT, tmp_path], lenient=True)).check(["r", "ledger"])


def test_the_example_of_the_page_is_a_good_file(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "toolsets.md").read_text(encoding="utf-8")

    toolsets(tmp_path, page.split("```yaml\n")[1].split("```")[0]).check(["research", "support", "google_calendar"])
