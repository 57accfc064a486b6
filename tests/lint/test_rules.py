"""Each rule of the lint, broken once; and the connectors that are shipped, which break none."""

from pathlib import Path

import pytest
import yaml
from tests.oauth.samples import ROOT, connector

from evergrant.catalog.catalog import Catalog, merge
from evergrant.catalog.tool import Tool
from evergrant.lint.finding import Subject
from evergrant.lint.run import costs, faults, lint
from evergrant.model.json import Json, JsonObject

GOOD: JsonObject = {
    "description": (
        "Find the things of a person by their name. Use it to find the id of a thing; use acme_get_thing when the id "
        "is known. At most a hundred are found."
    ),
    "request": "GET /things/{owner_id}",
    "effect": "read",
    "scopes": ["read"],
    "input": {
        "owner_id": {"type": "string", "description": "Id of the person, from acme_search_people."},
        "state": {"type": "string", "enum": ["on", "off"], "default": "on", "description": "Which ones."},
    },
    "required": ["owner_id"],
    "items": "/things",
    "shape": {"id": "/id"},
    "example": {"owner_id": "7"},
}
PASTED: JsonObject = {"title": "Client ID", "pattern": ".+", "looks_like": "abc"}
GUIDED: JsonObject = {
    "description": "Things and people of Acme, which make it all.",
    "registration": {"minutes": 1, "steps": [{"do": "Make an app."}], "client_id": PASTED},
    "errors": {
        "token": {"code": ["/error"], "rules": [{"class": "terminal", "code": ["invalid_grant"]}]},
        "api": {"code": ["/error"], "message": ["/message"]},
    },
}
OTHERS = ("acme_get_thing", "acme_search_people")


def broken(
    changes: JsonObject | None = None, of: JsonObject | None = None, name: str = "acme_search_things"
) -> list[str]:
    """The rules and words of the faults of one tool with changes, or of its connector with changes."""
    good, sample = Tool.model_validate(GOOD), Tool.model_validate(merge(GOOD, changes or {}))
    subject = Subject("acme", connector(**merge(GUIDED, of or {})), {**dict.fromkeys(OTHERS, good), name: sample})
    return [f"{fault.rule} {'.'.join(map(str, fault.at))}: {fault.what} {fault.do}" for fault in faults(subject)]


def test_a_good_tool_of_a_good_connector_breaks_no_rule() -> None:
    assert broken() == []


def described(text: str) -> JsonObject:
    return {"description": text}


def with_input(**schema: Json) -> JsonObject:
    return {"input": {"more": {"type": "string", "description": "More.", **schema}}}


WHEN, INSTEAD = "Use it to find the id of a thing", "use acme_get_thing when the id is known"
MANY: Json = {f"input_{number}": {"type": "string", "description": "One."} for number in range(9)}
BREACHES: tuple[tuple[JsonObject, str], ...] = (
    (described(f"Find things. {WHEN}; {INSTEAD}."), "description acme_search_things.description: It has"),
    (described(str(GOOD["description"]).rstrip(".")), "It is not made of whole sentences"),
    (described(f"{GOOD['description']} It is powerful."), "'powerful' praises"),
    (described(str(GOOD["description"]).replace("Use it", "Call it")), "It does not say when"),
    (described(str(GOOD["description"]).replace(INSTEAD, "it is quick")), "It does not say what to use instead"),
    (described(f"{GOOD['description']} See acme_list_gone."), "There is no tool acme_list_gone"),
    ({"input": MANY}, "inputs acme_search_things.input: It takes 11 inputs"),
    (with_input(description=""), "inputs acme_search_things.input.more: It is not described"),
    ({"input": {"owner_id": {"description": "A person."}}}, "Nobody knows where to take this id from"),
    (with_input(enum=["a", "b"]), "What holds where it is left out is not said"),
    (with_input(type="strange"), "schema acme_search_things.input.more: It is no JSON Schema"),
    (with_input(oneOf=[{}]), "schema acme_search_things.input.more: It has oneOf"),
    (with_input(title="More"), "It has title"),
    (with_input(type="object"), "Add additionalProperties: false"),
    (with_input(type="array"), "Add items"),
    (with_input(type="array", items={"type": "object"}), "schema acme_search_things.input.more.items"),
    (with_input(description="long " * 400), "size acme_search_things: A model reads about"),
    ({"effect": "write"}, "effect acme_search_things.effect: A GET is called write"),
    ({"request": "DELETE /things/{owner_id}"}, "A DELETE is called read"),
    ({"request": "PATCH /things/{owner_id}"}, "A PATCH is called read"),
    ({"first": {"x": {"request": "POST /x", "effect": "write"}}}, "A step changes something"),
    ({"request": "POST /things/{owner_id}", "effect": "write", "pages": {"by": "page"}}, "Only what is read has pages"),
    ({"example": {"owner_id": 7}}, "example acme_search_things.example: The input"),
    ({"example": {"owner_id": ".."}}, "No request can be made of it"),
    ({"request": "GET https://other.example/{owner_id}"}, "place acme_search_things.request: It asks https://other"),
    ({"shape": None}, "output acme_search_things: A core tool does not say"),
    ({"scopes": []}, "scopes acme_search_things: It does not say which scopes"),
    ({"scopes": ["admin"]}, "No consent asks for admin"),
    ({"redirects": ["http://files.example"]}, "place acme_search_things.redirects: not an https origin"),
)


@pytest.mark.parametrize(("changes", "words"), BREACHES)
def test_a_tool_that_breaks_a_rule_is_told_where_and_what_to_do(changes: JsonObject, words: str) -> None:
    found = broken(changes)
    assert any(words in each for each in found), found


@pytest.mark.parametrize(("name", "words"), [("acme_fetch_things", "'fetch' is not among"), ("acme_list", "no object")])
def test_a_name_is_service_verb_object(name: str, words: str) -> None:
    assert any(words in each for each in broken(name=name))


def test_a_passthrough_is_called_request() -> None:
    assert any("Call it acme_request" in each for each in broken({"passthrough": {}}, name="acme_get_anything"))


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ({"errors": {"token": {"rules": []}}}, "errors errors.token: No code says that a grant is dead"),
        ({"errors": {"api": {"code": [], "message": []}}}, "errors errors.api: Nothing says where"),
        ({"registration": None}, "registration oauth: Nobody is told"),
        ({"description": "Things"}, "connector description"),
        ({"allow": ["http://api.example"]}, "place allow.0: not an https origin"),
        (
            {"account": {"x": {"from": "token", "path": "/x", "pattern": ".*"}}},
            "account account.x: '.*' lets everything through",
        ),
    ],
)
def test_a_connector_that_breaks_a_rule_is_told_where_and_what_to_do(of: JsonObject, words: str) -> None:
    found = broken(of=of)
    assert any(words in each for each in found), found


def test_the_shipped_connectors_break_no_rule() -> None:
    catalog = Catalog([ROOT])
    assert [*lint(catalog), *costs(catalog)] == []


def test_the_mean_of_all_tools_is_bounded() -> None:
    assert "tokens in the mean" in next(costs(Catalog([ROOT]), most=50))


def test_a_finding_names_file_and_line_and_a_file_that_cannot_be_read_is_one(tmp_path: Path) -> None:
    declared = yaml.safe_load((ROOT / "connectors" / "sandbox.yaml").read_text(encoding="utf-8"))
    tools = (ROOT / "schemas" / "sandbox.yaml").read_text(encoding="utf-8").replace("sandbox_", "own_")
    for kind in ("connectors", "schemas", "tests/connectors"):
        (tmp_path / kind).mkdir(parents=True)
    (tmp_path / "connectors" / "own.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    (tmp_path / "schemas" / "own.yaml").write_text(tools.replace("effect: destroy", "effect: write"), encoding="utf-8")
    (tmp_path / "connectors" / "torn.yaml").write_text("name: [", encoding="utf-8")
    (tmp_path / "connectors" / "half.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    (tmp_path / "schemas" / "half.yaml").write_text("half_get_it: [", encoding="utf-8")

    found = list(lint(Catalog([tmp_path], lenient=True)))

    line = 1 + tools[: tools.index("effect: destroy")].count("\n")
    file = tmp_path / "schemas" / "own.yaml"
    assert f"{file}:{line}: own_delete_contact.effect: A DELETE is called write. Say destroy. [effect]" in found
    for torn in (tmp_path / "connectors" / "torn.yaml", tmp_path / "schemas" / "half.yaml"):
        assert any(each.startswith(f"{torn}:") for each in found)
    assert any("own_list_rows: It has no example" in each for each in found)


def test_tools_that_cannot_be_read_are_a_finding(tmp_path: Path) -> None:
    for kind, text in (("connectors", (ROOT / "connectors" / "sandbox.yaml").read_text("utf-8")), ("schemas", "x: [")):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "own.yaml").write_text(text, encoding="utf-8")

    found = list(lint(Catalog([tmp_path], lenient=True)))

    assert [each for each in found if each.startswith(f"{tmp_path / 'schemas' / 'own.yaml'}:")] != []


def test_a_get_may_tell_what_came_of_a_step_that_changed_something() -> None:
    step: JsonObject = {"request": "POST /things", "effect": "write"}
    assert not any("A GET is called" in each for each in broken({"effect": "write", "first": {"x": step}}))
