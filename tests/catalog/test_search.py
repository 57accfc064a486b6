"""Tools are found by what people call things."""

from pathlib import Path

import pytest

import evergrant
from evergrant.catalog.catalog import Catalog, folders
from evergrant.catalog.search import Index, build, search, summary
from evergrant.catalog.tool import Tool


def tool(description: str, tier: str = "core") -> Tool:
    return Tool.model_validate(
        {"description": description, "request": "GET /x", "effect": "read", "tier": tier, "input": {}, "example": {}}
    )


@pytest.fixture(scope="module")
def shipped() -> Index:
    catalog = Catalog(folders(Path(evergrant.__file__).parent, ()))
    return build((name, tool, found) for name in catalog.connectors() for tool, found in catalog.tools(name).items())


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("send a message to a slack channel", "slack_send_message"),
        ("add a row to a spreadsheet", "google_sheets_append_row"),
        ("look up contacts in HubSpot", "hubspot_search_contacts"),
        ("remove a contact from the practice CRM", "sandbox_delete_contact"),
        ("new contact sandbox", "sandbox_create_contact"),
        ("erase cells", "google_sheets_clear_range"),
    ],
)
def test_plain_words_find_the_shipped_tool(shipped: Index, query: str, name: str) -> None:
    assert [hit.name for hit in search(shipped, query, 1)] == [name]


def test_every_shipped_tool_is_found_by_its_own_name(shipped: Index) -> None:
    lost = [name for _, name, _ in shipped.entries if name not in {hit.name for hit in search(shipped, name, 3)}]

    assert lost == []


def test_a_name_counts_more_than_a_mention() -> None:
    index = build(
        [
            ("a", "a_get_contact", tool("Get one by its id. Use a_list_invoices for invoices and what they cost.")),
            ("a", "a_list_invoices", tool("All of them with what they cost, newest first.")),
        ]
    )

    assert [hit.name for hit in search(index, "invoices", 5)] == ["a_list_invoices", "a_get_contact"]


def test_of_two_that_fit_the_core_tool_comes_first() -> None:
    index = build(
        [
            ("a", "a_get_note", tool("Get a note from the notebook.", "extended")),
            ("b", "b_get_note", tool("Get a note from the notebook.")),
        ]
    )

    assert [hit.connector for hit in search(index, "note", 5)] == ["b", "a"]


def test_a_search_can_be_kept_to_connectors_and_a_number(shipped: Index) -> None:
    hits = search(shipped, "contact", 2, {"sandbox"})

    assert [hit.connector for hit in hits] == ["sandbox", "sandbox"]


@pytest.mark.parametrize("query", ["", "the of a", "xyzzy", "!?"])
def test_words_that_say_nothing_find_nothing(shipped: Index, query: str) -> None:
    assert search(shipped, query, 5) == []


def test_an_empty_catalogue_can_be_searched() -> None:
    assert search(build([]), "contact", 5) == []


def test_a_summary_is_one_sentence() -> None:
    assert summary(tool("List all rows of the report, oldest first. Use it to check.")) == (
        "List all rows of the report, oldest first."
    )
