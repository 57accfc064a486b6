import base64
import json
from urllib.parse import parse_qsl

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calls.samples import tool
from tests.oauth.samples import connector

from evergrant.calls.bodies import flatten
from evergrant.calls.codecs import BadValue
from evergrant.calls.request import build_request
from evergrant.catalog.origin import allowed
from evergrant.catalog.tool import Tool
from evergrant.model.json import Json, JsonObject

ANY: JsonObject = {name: {} for name in ("a", "b", "c")}


def built(of: Tool, **given: Json) -> httpx2.Request:
    return build_request(connector(), of, given, {})


def by_path() -> Tool:
    return tool(request="GET /things/{a}", input=ANY, required=["a"], example={"a": "x"})


def anything(**changes: Json) -> Tool:
    whole: dict[str, Json] = {"input": ANY, "example": {}, **changes}
    return tool(**whole)


def inputs(names: str) -> dict[str, Json]:
    return {name: {} for name in names}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_inputs_of_a_get_or_delete_go_to_the_query(method: str) -> None:
    request = built(anything(request=f"{method} /things"), a="x y&z=ü/", b=3, c=[True, "t"])
    assert request.method == method
    assert str(request.url) == "https://api.example/v1/things?a=x%20y%26z%3D%C3%BC%2F&b=3&c=true&c=t"
    assert request.content == b""
    assert "content-type" not in request.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_inputs_of_the_others_go_to_the_body_as_json(method: str) -> None:
    request = built(anything(request=f"{method} /things"), a="ü", b=None, c={"d": [1]})
    assert str(request.url) == "https://api.example/v1/things"
    assert json.loads(request.content) == {"a": "ü", "b": None, "c": {"d": [1]}}
    assert request.headers["Content-Type"] == "application/json"


KIND: JsonObject = {"$case": {"of": "$b", "doc": "export"}}


@pytest.mark.parametrize(("b", "path"), [("doc", "/things/x/export"), ("pdf", "/things/x")])
def test_a_slot_that_is_absent_is_no_part_of_what_is_read(b: str, path: str) -> None:
    of = anything(request="GET /things/{a}/{way}", slots={"way": KIND}, required=["a"], example={"a": "x"}, query={})
    assert built(of, a="x", b=b).url.path == f"/v1{path}"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_slot_that_is_absent_is_not_left_out_where_something_is_changed(method: str) -> None:
    of = anything(request=f"{method} /things/{{a}}/{{way}}", slots={"way": KIND}, required=["a"], example={"a": "x"})
    assert built(of, a="x", b="doc").url.path == "/v1/things/x/export"
    with pytest.raises(BadValue, match=r"nothing was given to stand at \{way\}"):
        built(of, a="x")


def test_a_slot_is_one_segment() -> None:
    of = anything(request="GET /things/{way}", slots={"way": "$a"})
    assert str(built(of, a="x/y").url) == "https://api.example/v1/things/x%2Fy"
    with pytest.raises(BadValue, match="way cannot be part"):
        built(of, a="..")


def test_an_input_in_the_path_goes_nowhere_else() -> None:
    request = built(by_path(), a="x", b=1)
    assert str(request.url) == "https://api.example/v1/things/x?b=1"


def test_a_part_of_a_value_may_stand_in_the_path() -> None:
    of = tool(request="GET /boards/{a/0/id}/things", input=ANY, required=["a"], example={"a": [{"id": 7}]})
    assert str(built(of, a=[{"id": "7/8", "name": "x"}]).url) == "https://api.example/v1/boards/7%2F8/things"
    with pytest.raises(BadValue, match="a cannot be part of an address"):
        built(of, a=[{"name": "x"}])


def test_a_declared_query_and_body_take_what_they_name() -> None:
    put = anything(request="PUT /things", input=inputs("ab"), query={"mode": "$a", "fixed": "1"}, body={"values": "$b"})
    request = built(put, a="x", b=[[1, 2]])
    assert dict(parse_qsl(request.url.query.decode())) == {"mode": "x", "fixed": "1"}
    assert json.loads(request.content) == {"values": [[1, 2]]}


def test_a_path_with_a_query_of_its_own_keeps_it() -> None:
    assert str(built(anything(request="GET /things?fields=id"), a="x").url).endswith("/things?fields=id&a=x")


def test_defaults_are_sent_and_given_values_come_first() -> None:
    find = anything(input={"a": {"default": 10}, "b": {}})
    assert str(built(find).url).endswith("?a=10")
    assert str(built(find, a=5).url).endswith("?a=5")


def test_a_body_whose_inputs_are_absent_is_not_sent() -> None:
    request = built(anything(request="POST /things", input=inputs("a"), body={"values": "$a"}))
    assert request.content == b""


def test_graphql_inputs_are_variables() -> None:
    request = built(anything(request="POST /graphql", graphql="query($a: ID) { x }"), a="x")
    assert json.loads(request.content) == {"query": "query($a: ID) { x }", "variables": {"a": "x"}}


def test_a_form_is_encoded_as_one() -> None:
    request = built(anything(request="POST /things", encoding="form"), a="x y", b={"gte": 1}, c=["1", "2"])
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(request.content.decode()) == [("a", "x y"), ("b[gte]", "1"), ("c", "1"), ("c", "2")]


def test_parts_are_sent_as_rfc_2387_says() -> None:
    parts: Json = [{"name": "$a"}, {"$bytes": {"base64": "$b"}}]
    upload = anything(request="POST /upload", input=inputs("ab"), encoding="multipart_related", body=parts)
    request = built(upload, a="x", b=base64.b64encode(b"\x00\r\n--").decode())
    kind, _, boundary = request.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/related"
    before, first, second, end = request.content.split(f"--{boundary}".encode())
    assert (before, end) == (b"", b"--\r\n")
    assert first.endswith(b'\r\n\r\n{"name": "x"}\r\n')
    assert second == b"\r\nContent-Type: application/octet-stream\r\n\r\n\x00\r\n--\r\n"


def test_headers_of_connector_and_tool_are_sent_and_none_is_a_credential() -> None:
    acme = connector(headers={"X-Api": "1", "X-Both": "connector"})
    request = build_request(acme, tool(headers={"X-Both": "tool"}), {}, {})
    assert (request.headers["X-Api"], request.headers["X-Both"]) == ("1", "tool")
    assert (request.headers["Accept"], request.headers["User-Agent"]) == ("application/json", "evergrant")
    assert request.headers["Accept-Encoding"] == "gzip, deflate"
    assert "authorization" not in request.headers


def test_a_header_may_be_made_of_inputs() -> None:
    named = anything(request="GET /things", headers={"Prefer": {"$format": {"text": 'zone="{a}"', "a": "$a"}}})
    assert built(named, a="Europe/Rome").headers["Prefer"] == 'zone="Europe/Rome"'
    assert "Prefer" not in built(named).headers
    with pytest.raises(BadValue, match="the header Prefer takes one line"):
        built(named, a="x\r\nEvil: 1")


def test_an_input_in_the_path_may_have_a_default() -> None:
    folder = tool(request="GET /f/{a}", input={"a": {"type": "string", "default": "inbox"}}, required=[], example={})
    assert built(folder).url.path == "/v1/f/inbox"


def test_an_accounts_value_may_be_the_host() -> None:
    host: JsonObject = {"from": "token", "path": "/host", "pattern": r"https://[a-z]+\.acme\.example/?"}
    acme = connector(base_url="{account.host}", allow=["https://*.acme.example/"], account={"host": host})
    request = build_request(acme, tool(), {"name": "x"}, {"host": "https://eu.acme.example/"})
    assert str(request.url) == "https://eu.acme.example/things?name=x"


@pytest.mark.parametrize(
    "value",
    [
        *("", ".", "..", "a\\b", "a\x00b", "a\nb", "a;b", "..;", "%2e%2e", "%2E", "a%2Fb", "a%5cb", "%00", "\x7f"),
        *("a/../b", "a/./b", "../b", "b/..", "%252e", "a%3bb", "%1F", "\x85", "\x9b", "\u2028", "a\rb", "a\tb"),
        *("\uff0e\uff0e", "\uff0e", "\u2025", "\u2024\u2024", "\u3002\u3002", "\uff61.", "a\uff0f..\uff0fb"),
        *("..\u2215b", "a\uff3cb", "a\uff1bb", "\uff05\uff12e", "\ufe52\ufe52", "http://evil.test/../x"),
    ],
)
def test_a_value_that_could_climb_or_split_the_path_is_refused(value: str) -> None:
    with pytest.raises(BadValue, match="cannot be part of an address"):
        built(by_path(), a=value)


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("ada@acme.example", "ada%40acme.example"),
        ("50%", "50%25"),
        ("ü", "%C3%BC"),
        ("...", "..."),
        ("\u2026", "%E2%80%A6"),
        ("a..b", "a..b"),
        (".hidden", ".hidden"),
        ("Bl\u00e4tter!A1:D1", "Bl%C3%A4tter%21A1%3AD1"),
        ("http://evil.test/x", "http%3A%2F%2Fevil.test%2Fx"),
        ("//evil.test", "%2F%2Fevil.test"),
        ("@evil.test", "%40evil.test"),
        (7, "7"),
    ],
)
def test_any_other_value_is_one_segment(value: Json, segment: str) -> None:
    assert built(by_path(), a=value).url.raw_path.decode() == f"/v1/things/{segment}"


@given(value=st.text(min_size=1))
def test_whatever_the_value_the_path_stays_below_its_place_and_its_origin(value: str) -> None:
    try:
        request = built(by_path(), a=value)
    except BadValue:
        return
    prefix, _, rest = request.url.raw_path.decode().partition("/v1/things/")
    assert prefix == ""
    assert "/" not in rest
    assert "?" not in rest
    assert any(origin.admits(str(request.url)) for origin in allowed(connector(), {}))


@pytest.mark.parametrize("request_line", ["GET /things", "GET /things/{a}", "POST /things"])
@pytest.mark.parametrize("value", ["\ud800", "a\udfffb"])
def test_half_a_character_is_refused(request_line: str, value: str) -> None:
    half = tool(request=request_line, input=ANY, required=["a"], example={"a": "x"})
    with pytest.raises(BadValue):
        built(half, a=value)


def test_a_number_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(BadValue):
        built(anything(request="POST /things"), a=float("nan"))


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ({"a": 1, "b": "x", "c": None, "d": False}, [("a", "1"), ("b", "x"), ("c", "null"), ("d", "false")]),
        ({"a": {"b": {"c": 1}}}, [("a[b][c]", "1")]),
        ({"a": [1, "x"]}, [("a", "1"), ("a", "x")]),
        ({"a": {"b": ["x", "y"]}}, [("a[b]", "x"), ("a[b]", "y")]),
        ({"a": []}, []),
        ({}, []),
    ],
)
def test_nested_values_are_flattened_as_php_and_stripe_read_them(
    value: JsonObject, pairs: list[tuple[str, str]]
) -> None:
    assert list(flatten(value)) == pairs


def test_a_refused_value_says_what_cannot_be_and_shows_it_harmlessly_and_short() -> None:
    with pytest.raises(BadValue) as caught:
        built(by_path(), a="\x1b[31m;" + "x" * 5_000)
    assert str(caught.value).startswith("a cannot be part of an address: '\\x1b[31m;xxx")
    assert "semicolon or control character" in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("kind", ["text/csv\r\nX: y", "text", "a/b\n", "a/b; c=\u00fc", " a/b", "a/b\r"])
def test_the_type_of_a_part_cannot_begin_another_header(kind: str) -> None:
    parts: Json = [{"name": "$a"}, {"$bytes": {"base64": "$b", "type": "$a"}}]
    upload = anything(request="POST /upload", input=inputs("ab"), encoding="multipart_related", body=parts)
    with pytest.raises(BadValue, match="media type"):
        built(upload, a=kind, b="")


def test_an_input_that_is_nested_too_deep_is_refused() -> None:
    deep: Json = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadValue, match="nested too deep"):
        built(anything(request="POST /things"), a=deep)


@pytest.mark.parametrize("value", ["https://eu.example\r\nX: y", "https://eu.example/?", "https://eu@evil.test", "x"])
def test_an_accounts_value_that_is_no_origin_is_refused_and_not_sent(value: str) -> None:
    host: JsonObject = {"from": "user", "title": "Host", "pattern": "(?s).*"}
    acme = connector(base_url="{account.host}", allow=["https://eu.example/"], account={"host": host})
    with pytest.raises(BadValue, match="host cannot be part of an address"):
        build_request(acme, tool(), {"name": "x"}, {"host": value})
