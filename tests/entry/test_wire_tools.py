"""Every shipped tool as clients see it: hints that follow from its effect, a schema of its results, an icon."""

# pyright: reportUnknownMemberType=false

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote
from xml.dom import minidom

import pytest
from jsonschema import Draft202012Validator
from mcp.types import Tool as WireTool
from tests.oauth.samples import ROOT

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.tool import Tool
from evergrant.entry.mcp import envelope
from evergrant.entry.mcp.icons import server_icon, service_icon
from evergrant.entry.mcp.results import broken
from evergrant.entry.mcp.wire_tool import wire_tool
from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import FAILURES, Failure, Result
from evergrant.service.cuts import Cut
from evergrant.service.result_pages import ResultPage

CATALOG: Final = Catalog([ROOT])
LARGEST_ICON: Final = 300
RESULT: Final = Result(account="conn_1", label="anna", content={"items": [1]}, note="There are more.")
LIST: Final[JsonObject] = {"type": "object", "required": ["items"], "properties": {"items": {"type": "array"}}}


def shipped() -> Iterator[tuple[Tool, WireTool]]:
    for connector in CATALOG.connectors():
        title = CATALOG.connector(connector).name
        for name, tool in CATALOG.tools(connector).items():
            yield tool, wire_tool(connector, title, name, tool)


def test_the_hints_of_every_tool_follow_from_its_effect() -> None:
    core = 0
    for tool, wire in shipped():
        hints = wire.annotations
        assert hints
        assert hints.read_only_hint is (tool.effect == "read")
        assert hints.destructive_hint is (tool.effect == "destroy")
        assert hints.idempotent_hint is (tool.effect == "read" or tool.idempotent)
        assert hints.open_world_hint
        core += tool.tier == "core"
    assert core >= 405


def test_the_schema_of_every_result_is_one_and_its_root_is_an_object() -> None:
    seen = set[str]()
    for tool, wire in shipped():
        assert wire.output_schema
        assert wire.output_schema["type"] == "object"
        assert tool.output_schema is None or wire.output_schema["properties"]["data"] == tool.output_schema
        kind = repr(wire.output_schema)
        if kind not in seen and len(seen) < 40:  # to check a schema takes milliseconds, and forms repeat themselves
            Draft202012Validator.check_schema(wire.output_schema)
        seen.add(kind)


@pytest.mark.parametrize("data", [{"items": [1]}, {"items": []}])
def test_every_form_of_an_answer_fits(data: Json) -> None:
    page, last = Cut(data, "items 1 to 1 of 2", "i1"), Cut(data, "items 2 to 2 of 2", None)
    piece = Cut('{"it', "characters 1 to 4 of 9", "j4", is_data=False)
    forms = [
        envelope.whole(RESULT, data, declared=True),
        envelope.whole(RESULT, "text", declared=False),
        *(
            envelope.part(ResultPage(RESULT, cut, kept), declared=True)
            for cut in (page, last, piece)
            for kept in ("res_1", None)
        ),
        envelope.part(ResultPage(RESULT, Cut("text", "a", "c1"), "res_1"), declared=False),
        *(_failed(kind).as_json() for kind in FAILURES),
        broken("1234").structured_content,
    ]
    validator = Draft202012Validator(envelope.schema(LIST))

    for form in forms:
        assert validator.is_valid(form), form
    for wrong in (
        {},
        {"data": data, "code": "x"},
        {"data": data, "unexpected_data": 1},
        {"data": "text"},
        {"account": "a"},
    ):
        assert not validator.is_valid(wrong), wrong


def _failed(kind: type[Failure]) -> Failure:
    return kind(what_happened="It failed.", what_to_do="Wait.")


def test_every_icon_is_a_small_drawing_of_our_own() -> None:
    icons = [server_icon(), *(service_icon(CATALOG.connector(name).name) for name in CATALOG.connectors())]
    for icon in icons:
        kind, _, drawing = icon.src.partition(",")
        assert (kind, icon.mime_type, icon.sizes) == ("data:image/svg+xml", "image/svg+xml", ["any"])
        assert len(icon.model_dump_json(by_alias=True, exclude_none=True)) <= LARGEST_ICON
        assert icon.src.isascii()
        assert not set(icon.src) & set(' "<>\\^`{|}')
        drawn = minidom.parseString(unquote(drawing))  # noqa: S318  (our own)
        assert [element.tagName for element in drawn.getElementsByTagName("*")] == ["svg", "circle", "text"]


def test_a_service_keeps_its_icon() -> None:
    assert ">GC<" in unquote(service_icon("Google Calendar").src)
    assert ">OS<" in unquote(service_icon("OneDrive and SharePoint").src)
    assert service_icon("Gmail") == service_icon("Gmail")
