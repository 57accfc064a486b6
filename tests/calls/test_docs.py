"""Google documents: as Markdown, and places in them."""

import pytest

from evergrant.calls.docs_markdown import docs_markdown
from evergrant.calls.docs_places import docs_place, docs_range, docs_table
from evergrant.calls.values import BadValue
from evergrant.model.json import Json, JsonObject


def run(start: int, text: str, **style: Json) -> Json:
    return {"startIndex": start, "textRun": {"content": text, "textStyle": style}}


def paragraph(*elements: Json, end: int = 0, **more: Json) -> Json:
    return {"endIndex": end, "paragraph": {"elements": list(elements), **more}}


def cell(*blocks: Json) -> Json:
    return {"content": list(blocks)}


def tab(name: str, *blocks: Json, below: Json = None, **more: Json) -> Json:
    properties: Json = {"tabId": f"t.{name}", "title": name}
    return {"tabProperties": properties, "documentTab": {"body": cell(*blocks), **more}, "childTabs": below}


ROWS: Json = [
    {"tableCells": [cell(paragraph(run(20, "Item\n"))), cell(paragraph(run(26, "Sum|Net\n")))]},
    {"tableCells": [cell(paragraph(run(36, "Rent\n"))), cell(paragraph(run(42, "900\n")))]},
]
PLAN: JsonObject = {
    "tabs": [
        tab(
            "Plan",
            paragraph(run(1, "\U0001f680 Launch "), run(11, "plan\n", bold=True), end=16),
            {"endIndex": 48, "table": {"tableRows": ROWS}},
            paragraph(run(48, "one and one\n"), end=60),
            below=[tab("Notes", paragraph(run(1, "Only here\n"), end=11))],
        ),
    ]
}
LISTS: Json = {"l1": {"listProperties": {"nestingLevels": [{"glyphType": "DECIMAL"}, {"glyphSymbol": "o"}]}}}
OBJECTS: Json = {"o1": {"inlineObjectProperties": {"embeddedObject": {"title": "Logo"}}}}


def test_tables_and_tabs_become_markdown() -> None:
    assert docs_markdown(PLAN) == (
        "<!-- tab: Plan -->\n\n\U0001f680 Launch **plan**\n\n"
        "| Item | Sum\\|Net |\n| --- | --- |\n| Rent | 900 |\n\none and one\n\n"
        "<!-- tab: Notes -->\n\nOnly here"
    )


def test_numbers_pictures_people_and_links_become_markdown() -> None:
    level: JsonObject = {"listId": "l1"}
    whole: Json = {
        "tabs": [
            tab(
                "Only",
                paragraph(run(1, "Steps\n"), paragraphStyle={"namedStyleType": "TITLE"}),
                paragraph(run(7, "first\n"), bullet=level),
                paragraph(run(13, "below\n"), bullet={**level, "nestingLevel": 1}),
                paragraph(
                    {"person": {"personProperties": {"email": "ann@acme.example"}}},
                    run(20, " wrote "),
                    {"richLink": {"richLinkProperties": {"title": "Costs", "uri": "https://x.example"}}},
                    {"footnoteReference": {"footnoteNumber": "1"}},
                    {"dateElement": {"dateElementProperties": {"displayText": "Nov 25, 2026"}}},
                    {"inlineObjectElement": {"inlineObjectId": "o1"}},
                    {"pageBreak": {}},
                    run(30, "site\n", link={"url": "https://y.example"}),
                ),
                paragraph({"horizontalRule": {}}, run(40, "\n")),
                lists=LISTS,
                inlineObjects=OBJECTS,
            )
        ]
    }
    assert docs_markdown(whole) == (
        "# Steps\n\n1. first\n  - below\n\nann@acme.example wrote [Costs](https://x.example)[^1]Nov 25, 2026![Logo]"
        "[site](https://y.example)\n\n---"
    )


def test_a_document_without_tabs_is_its_body() -> None:
    assert docs_markdown({"body": cell(paragraph(run(1, "Hi\n")))}) == "Hi"
    assert docs_markdown({}) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Launch plan", {"startIndex": 4, "endIndex": 15, "tabId": "t.Plan"}),
        ("\U0001f680", {"startIndex": 1, "endIndex": 3, "tabId": "t.Plan"}),
        ("900", {"startIndex": 42, "endIndex": 45, "tabId": "t.Plan"}),
        ("Only here", {"startIndex": 1, "endIndex": 10, "tabId": "t.Notes"}),
    ],
)
def test_a_text_is_found_where_it_stands(text: str, found: Json) -> None:
    assert docs_range({"in": PLAN, "text": text}) == found


@pytest.mark.parametrize(
    ("text", "said"), [("one", "has the text 'one' 2 times"), ("**plan**", "does not have the text"), ("", "does not")]
)
def test_a_text_that_does_not_stand_there_once_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadValue, match=said.replace("*", "[*]")):
        docs_range({"in": PLAN, "text": text})


def test_a_place_is_beside_a_text_or_at_the_end() -> None:
    assert docs_place({"in": PLAN, "text": "Only"}) == {"index": 5, "tabId": "t.Notes"}
    assert docs_place({"in": PLAN, "text": "Only", "side": "before"}) == {"index": 1, "tabId": "t.Notes"}
    assert docs_place({"in": PLAN}) == {"index": 59, "tabId": "t.Plan"}
    assert docs_place({"in": {"body": cell(paragraph(run(1, "Hi\n"), end=4))}, "text": "Hi"}) == {"index": 3}
    assert docs_place({"in": {}}) == {"index": 1}


def test_a_table_is_made_and_filled_from_its_end() -> None:
    place: Json = {"index": 1, "tabId": "t"}
    assert docs_table({"at": place, "rows": [["a", 1], ["b"]]}) == [
        {"insertTable": {"rows": 2, "columns": 2, "location": place}},
        {"insertText": {"location": {"index": 10, "tabId": "t"}, "text": "b"}},
        {"insertText": {"location": {"index": 7, "tabId": "t"}, "text": "1"}},
        {"insertText": {"location": {"index": 5, "tabId": "t"}, "text": "a"}},
    ]
    assert docs_table({"at": {"index": 3}, "rows": [["", "x"]]}) == [
        {"insertTable": {"rows": 1, "columns": 2, "location": {"index": 3}}},
        {"insertText": {"location": {"index": 9}, "text": "x"}},
    ]
