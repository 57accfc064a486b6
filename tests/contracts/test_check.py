"""The check itself: what it finds to be there, and that it finds what is not."""

from collections.abc import Mapping

import pytest
from pydantic import TypeAdapter
from tests.contracts.asked import asked
from tests.contracts.check import Finding, Known, check
from tests.contracts.contract import Contract, Description
from tests.contracts.operation import Operation, Schema
from tests.oauth.samples import connector

from evergrant.catalog.tool import Tool
from evergrant.model.json import Json, JsonObject

BASE = "https://api.acme.example"
DESCRIPTION = Description(kind="openapi", registry="npm", package="acme", version="1.0.0", files=("a.json",), base=BASE)
DOCUMENT: Json = {
    "components": {
        "schemas": {
            "Thing": {
                "properties": {"title": {"type": "string"}, "tags": {"items": {"$ref": "#/components/schemas/Tag"}}}
            },
            "Tag": {"allOf": [{"properties": {"name": {}}}, {"properties": {"colour": {}}}]},
        }
    }
}
THING = Schema({"$ref": "#/components/schemas/Thing"}, DOCUMENT)
KNOWN = Known(
    [
        (
            DESCRIPTION,
            [
                Operation("GET", f"{BASE}/things", frozenset({"state", "per_page"})),
                Operation("GET", f"{BASE}/things/{{id}}", frozenset()),
                Operation("PATCH", f"{BASE}/things/{{id}}", frozenset(), THING),
                Operation("*", f"{BASE}/code/{{+path}}:run"),
            ],
        )
    ],
    (),
)


def looked_up(
    declared: Mapping[str, Json],
    contract: Contract = Contract(),  # noqa: B008  (frozen)
    known: Known = KNOWN,
) -> Finding:
    whole: Json = {"description": "Does something to a thing of Acme.", "effect": "write", "example": {}, **declared}
    tool = TypeAdapter(Tool).validate_python(whole)
    return next(check(connector(base_url=BASE), {"acme_do_thing": tool}, contract, known))


ID: Json = {"id": {"type": "string"}}


@pytest.mark.parametrize(
    ("declared", "verdict", "why"),
    [
        ({"request": "GET /things", "input": {"state": {}}}, "verified", ()),
        ({"request": "GET /things", "input": {"stat": {}}}, "wrong", ("has no parameter stat",)),
        ({"request": "GET /things", "input": {"a": {}}, "query": {"state": "$a"}}, "verified", ()),
        ({"request": "POST /things", "input": {}}, "wrong", ("nothing describes POST",)),
        ({"request": "GET /thing", "input": {}}, "wrong", ("nothing describes GET",)),
        ({"request": "GET /things/{id}/more", "input": ID, "required": ["id"]}, "wrong", ("nothing describes",)),
        ({"request": "POST /code/a/b:run", "input": {"a": {}}}, "path", ()),
        ({"request": "POST /code/a/b:run", "input": {}}, "verified", ()),
    ],
)
def test_methods_paths_and_parameters(declared: dict[str, Json], verdict: str, why: tuple[str, ...]) -> None:
    found = looked_up(declared)

    assert found.verdict == verdict
    assert all(part in text for part, text in zip(why, found.why, strict=True))


@pytest.mark.parametrize(
    ("body", "strange"),
    [
        ({"title": "$a"}, None),
        ({"titel": "$a"}, "/titel"),
        ({"tags": [{"name": "$a", "colour": "red"}]}, None),
        ({"tags": [{"name": "$a", "color": "red"}]}, "/tags/color"),
        ({"tags": {"$each": {"of": "$a", "put": {"nam": "$item"}}}}, "/tags/nam"),
        ({"$merge": [{"title": "x"}, {"titel": "$a"}]}, "/titel"),
        ({"title": {"$case": {"of": "$a", "x": "y"}}}, None),
        ({"tags": "$b"}, "/tags/label"),
    ],
)
def test_members_of_a_body_at_every_depth(body: Json, strange: str | None) -> None:
    items: Json = {"type": "array", "items": {"type": "object", "properties": {"label": {"type": "string"}}}}
    inputs: Json = {"id": {}, "a": {}} if "$b" not in str(body) else {"id": {}, "b": items}
    found = looked_up({"request": "PATCH /things/{id}", "input": inputs, "required": ["id"], "body": body})

    assert found.verdict == ("wrong" if strange else "verified")
    assert [text.split("member ")[1].split(" ")[0] for text in found.why] == ([strange] if strange else [])


def test_steps_and_items_are_looked_up_too() -> None:
    step: Json = {"request": "GET /thing"}
    found = looked_up({"request": "GET /things", "input": {}, "first": {"one": step}})

    assert found.why == (f"nothing describes GET {BASE}/thing",)


def test_what_no_package_has_must_say_so() -> None:
    declared: Mapping[str, Json] = {"request": "GET /thing", "input": {}}
    by_hand = TypeAdapter(Contract).validate_python(
        {"audited": [{"against": "a page", "on": "2026-11-25", "tools": ["acme_do_thing"]}]}
    )
    nowhere = Contract(undescribed={"acme_do_thing": "it is secret"})

    assert looked_up(declared, by_hand) == Finding("acme_do_thing", "audited", ("a page",))
    assert looked_up(declared, nowhere) == Finding("acme_do_thing", "undescribed", ("it is secret",))


def test_a_contract_for_a_tool_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LookupError, match="acme_gone"):
        looked_up({"request": "GET /things", "input": {}}, Contract(undescribed={"acme_gone": "?"}))


def test_each_address_that_a_path_can_become_is_looked_up() -> None:
    """The values of an input that may be counted, and what is left out of the path with one that is not given."""
    choices: dict[str, Json] = {
        "way": {"type": "string", "enum": ["open", "shut"], "default": "open"},
        "folder": {"type": "string"},
    }
    declared = {
        "description": "Lists things of Acme.",
        "effect": "read",
        "request": "GET /{kind}/{place}/things/{step/id}/{way}",
        "slots": {"kind": {"$case": {"of": "$folder", "else": "folders"}}, "place": "$folder"},
        "first": {"step": {"request": "GET /step"}},
        "input": choices,
        "example": {},
    }
    tool = TypeAdapter(Tool).validate_python(declared)

    found = {each.address.removeprefix(BASE) for each in asked(connector(base_url=BASE), tool)}

    below = {f"{place}/things/~/{way}" for place in ("", "/folders/~") for way in ("open", "shut")}
    assert found == {"/step", *below}


def test_a_part_of_a_steps_result_and_a_text_made_of_inputs_are_values_in_an_address() -> None:
    declared: JsonObject = {
        "description": "Removes a thing of Acme.",
        "effect": "destroy",
        "request": "DELETE /{place}/things/{thing}",
        "slots": {
            "place": {"$format": {"text": "{name}!1", "name": "$name"}},
            "thing": {"$first": ["$step/id", "$thing_id"]},
        },
        "first": {"step": {"request": "GET /step", "when": "name"}},
        "input": {"name": {"type": "string"}, "thing_id": {"type": "string"}},
        "required": ["name"],
        "example": {"name": "x"},
    }
    tool = TypeAdapter(Tool).validate_python(declared)

    found = {each.address.removeprefix(BASE) for each in asked(connector(base_url=BASE), tool)}

    assert found == {"/step", "/~/things/~"}


def test_a_body_that_is_not_described_leaves_a_tool_at_its_path() -> None:
    known = Known([(DESCRIPTION, [Operation("PATCH", f"{BASE}/things/{{id}}", frozenset())])], ())
    declared = {"request": "PATCH /things/{id}", "input": ID, "required": ["id"], "body": {"title": "x"}}

    assert looked_up(declared, known=known).verdict == "path"


def test_what_tells_no_names_does_not_speak_for_a_name() -> None:
    without = Operation("GET", f"{BASE}/things")
    known = Known([*KNOWN.operations, (DESCRIPTION, [without])], ())

    assert looked_up({"request": "GET /things", "input": {"stat": {}}}, known=known).verdict == "wrong"
    assert looked_up({"request": "GET /things", "input": {"state": {}}}, known=known).verdict == "verified"


def test_an_audit_is_for_the_names_that_it_has() -> None:
    audit = {"against": "a page", "on": "2026-11-25", "tools": ["acme_do_thing"], "names": ["stat", "/titel"]}
    by_hand = TypeAdapter(Contract).validate_python({"audited": [audit]})
    body = {"request": "PATCH /things/{id}", "input": ID, "required": ["id"], "body": {"titel": "x"}}

    assert looked_up({"request": "GET /things", "input": {"stat": {}}}, by_hand).verdict == "audited"
    assert looked_up(body, by_hand).verdict == "audited"
    found = looked_up({"request": "GET /things", "input": {"stat": {}, "sate": {}}}, by_hand)
    assert found.verdict == "wrong"
    assert [text.split("parameter ")[1] for text in found.why] == ["sate"]


def test_the_elements_of_a_list_in_a_form() -> None:
    numbered: Mapping[str, Json] = {"request": "GET /things", "input": {}, "query": {"state[0]": "open"}}
    body: Mapping[str, Json] = {
        "request": "PATCH /things/{id}",
        "input": ID,
        "required": ["id"],
        "body": {"tags": {"0": {"nam": "x"}}},
    }

    assert looked_up(numbered).verdict == "verified"
    assert [text.split("member ")[1].split(" ")[0] for text in looked_up(body).why] == ["/tags/0/nam"]


def test_a_parameter_belongs_to_the_addresses_with_its_input() -> None:
    declared = {
        "description": "Lists things of Acme.",
        "effect": "read",
        "request": "GET /things/{search}",
        "slots": {"search": {"$case": {"of": "$words", "else": "search"}}},
        "input": {"words": {"type": "string"}, "state": {"type": "string"}},
        "query": {"q": "$words", "full": {"$case": {"of": "$words", "else": True}}, "state": "$state"},
        "example": {},
    }
    tool = TypeAdapter(Tool).validate_python(declared)

    found = {each.address.removeprefix(BASE): set(each.query) for each in asked(connector(base_url=BASE), tool)}

    assert found == {"/things": {"state"}, "/things/search": {"q", "full", "state"}}
