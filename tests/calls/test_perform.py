"""What a call asks for, request by request: pages, steps, items asked for one by one, ways around."""

import json
from collections.abc import Callable

import httpx2
import pytest
from pydantic import ValidationError
from tests.calls.samples import account, tool
from tests.oauth.samples import connector

from evergrant.calls.answer import Answer
from evergrant.calls.perform import Ask, Reply, perform
from evergrant.calls.values import BadValue
from evergrant.catalog.passthrough import is_query, written_out
from evergrant.catalog.tool import Tool
from evergrant.model.json import Json, JsonObject, at
from evergrant.model.outcome import NotFound, Outcome, ProviderError, ProviderUnavailable, RateLimited, Result

Serve = Callable[[httpx2.Request], httpx2.Response]


def play(of: Tool, serve: Serve, **given: Json) -> tuple[Outcome, list[Ask], list[httpx2.Request]]:
    script = perform(connector(), of, given)
    asks, sent = [next(script)], list[httpx2.Request]()
    while True:
        request = asks[-1].build({})
        sent.append(request)
        response = serve(request)
        try:
            asks.append(script.send(Reply(account(), request, Answer(response, response.content))))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome, asks, sent


def answers(body: Json, status: int = 200) -> Serve:
    return lambda _: httpx2.Response(status, json=body)


def content(outcome: Outcome) -> Json:
    assert isinstance(outcome, Result), outcome
    return outcome.content


def numbers(first: int, count: int) -> list[Json]:
    return [{"n": number} for number in range(first, first + count)]


def paged(**pages: Json) -> Tool:
    return tool(input={}, example={}, items="/list", shape={"n": "/n"}, pages={"most": 10, **pages})


def forty(request: httpx2.Request) -> httpx2.Response:
    """A list of forty, by offset, page or cursor."""
    asked = request.url.params
    size = int(asked.get("size", 10))
    start = int(asked.get("offset", 0)) or (int(asked.get("page", 1)) - 1) * size or int(asked.get("after", 0))
    further = start + size
    rows = [{"n": number, "further": str(number + 1)} for number in range(start, min(further, 40))]
    link = {"Link": f'<https://api.example/v1/things?after={further}&size={size}>; rel="next"'} if further < 40 else {}
    return httpx2.Response(
        200,
        headers=link,
        json={"list": rows, "next": str(further) if further < 40 else None, "all": 40, "more": further < 40},
    )


@pytest.mark.parametrize(
    "pages",
    [
        {"by": "cursor", "next": "/next", "parameter": "after", "size": "size"},
        {"by": "cursor", "last": "/further", "parameter": "after", "size": "size"},
        {"by": "cursor", "last": "/further", "more": "/more", "parameter": "after", "size": "size"},
        {"by": "offset", "parameter": "offset", "size": "size"},
        {"by": "page", "parameter": "page", "size": "size"},
        {"by": "link", "size": "size"},
    ],
)
def test_pages_are_followed_until_there_is_enough_and_the_cursor_leads_on(pages: JsonObject) -> None:
    of = paged(**pages)
    first, _, sent = play(of, forty, limit=20)
    assert isinstance(first, Result)
    assert len(sent) == 2
    assert at(first.content, "/items") == numbers(0, 20)
    assert "There are more than these 20: call again with cursor" in (first.note or "")

    rest, _, _ = play(of, forty, limit=30, cursor=at(first.content, "/next_cursor"))
    assert content(rest) == {"items": numbers(20, 20)}


def test_a_list_says_how_many_there_are_where_the_service_does() -> None:
    outcome, _, sent = play(paged(by="offset", parameter="offset", size="size", total="/all"), forty, limit=5)
    assert (len(sent), at(content(outcome), "/total"), at(content(outcome), "/next_cursor")) == (1, 40, "5")


def test_a_list_that_never_ends_is_left_after_ten_pages() -> None:
    of = paged(by="cursor", next="/next", parameter="after")
    outcome, _, sent = play(of, answers({"list": numbers(0, 1), "next": "again"}), limit=100)
    assert (len(sent), at(content(outcome), "/next_cursor")) == (10, "again")


def test_an_address_in_an_answer_is_followed_below_the_tools_own_path_only() -> None:
    of = paged(by="url", next="/next")
    for there, cursor in (
        ("https://api.example/v1/things/01g-2000", "/01g-2000"),
        ("https://api.example/v1/other?x=1", "?x=1"),
        ("https://evil.example/", None),
        ("https://api.example/v1/things/../secret", None),
    ):
        outcome, _, _ = play(of, answers({"list": numbers(0, 1), "next": there}), limit=1)
        assert at(content(outcome), "/next_cursor") == cursor


@pytest.mark.parametrize("cursor", ["", "x", "../..", "/../secret", "?a=b#c", "9" * 5000])
@pytest.mark.parametrize("by", ["link", "page", "offset"])
def test_a_cursor_that_no_answer_gave_is_refused(by: str, cursor: str) -> None:
    with pytest.raises(BadValue, match="next_cursor"):
        play(paged(by=by), forty, cursor=cursor)


def test_a_cursor_and_a_limit_stand_where_templates_name_them() -> None:
    of = tool(
        request="POST /graphql",
        input={},
        example={},
        items="/list",
        graphql="query {}",
        body={"first": "$limit", "after": "$cursor"},
        pages={"by": "cursor", "next": "/next", "most": 10},
    )
    _, _, sent = play(of, answers({"list": numbers(0, 10), "next": "b"}), limit=15, cursor="a")
    variables = [json.loads(request.content)["variables"] for request in sent]
    assert variables == [{"first": 10, "after": "a"}, {"first": 5, "after": "b"}]


def test_all_that_the_service_gives_is_had_by_asking_for_it() -> None:
    of = tool(input={}, example={}, shape={"n": "/n"})
    serve = answers({"n": 1, "m": 2})
    assert (content(play(of, serve)[0]), content(play(of, serve, detailed=True)[0])) == ({"n": 1}, {"n": 1, "m": 2})


def test_a_shape_may_name_an_input_and_what_a_step_found() -> None:
    first: JsonObject = {"person": {"request": "GET /people", "result": "/0"}}
    of = tool(first=first, query={}, shape={"for": "$name", "by": "$person/id", "n": "/n"})
    found: dict[str, Json] = {"/v1/people": [{"id": 7}], "/v1/things": {"n": 1}}
    outcome, _, sent = play(of, lambda request: httpx2.Response(200, json=found[request.url.path]), name="x")
    assert content(outcome) == {"for": "x", "by": 7, "n": 1}
    assert [str(request.url) for request in sent] == ["https://api.example/v1/people", "https://api.example/v1/things"]


STEP: JsonObject = {"request": "GET /people", "query": {"q": "$name"}, "result": "/found"}


def looked_up(**step: Json) -> Tool:
    return tool(
        request="POST /things/{who}",
        effect="write",
        first={"who": {**STEP, **step}},
        body={"name": "$name"},
        required=["name"],
    )


def test_a_step_is_asked_first_and_its_result_used() -> None:
    of = looked_up()
    outcome, asks, sent = play(of, answers({"found": "u 7"}), name="ann")
    assert [str(request.url) for request in sent] == [
        "https://api.example/v1/people?q=ann",
        "https://api.example/v1/things/u%207",
    ]
    assert [ask.changes for ask in asks] == [False, True], "nothing is changed by looking up"
    assert isinstance(outcome, Result)


def test_a_step_that_finds_nothing_ends_the_call_in_words() -> None:
    of = looked_up(missing="There is no {name}.")
    outcome, _, sent = play(of, answers({"found": None}), name="ann\u202e")
    assert isinstance(outcome, NotFound)
    assert (outcome.what_happened, len(sent)) == ("There is no ann.", 1)


def test_a_step_takes_the_element_that_matches_whatever_its_case() -> None:
    listed: Json = {"found": [{"name": "Bob", "id": 1}, {"name": "ANN", "id": 2}]}
    of = tool(
        request="POST /x", effect="write", first={"who": {**STEP, "match": {"/name": "$name"}}}, body={"id": "$who/id"}
    )
    _, _, sent = play(of, answers(listed), name="ann")
    assert json.loads(sent[1].content) == {"id": 2}


@pytest.mark.parametrize(
    ("given", "taken"), [({"name": "ann"}, 2), ({"name": "bob"}, None), ({}, None), ({"name": "eve"}, None)]
)
def test_a_step_takes_the_only_one_or_none(given: JsonObject, taken: int | None) -> None:
    listed: Json = {"found": [{"name": "Bob", "id": 1}, {"name": "Ann", "id": 2}, {"name": "Bob", "id": 3}]}
    who: JsonObject = {
        "request": "GET /people",
        "result": "/found",
        "match": {"/name": "$name"},
        "only": True,
        "missing": "Say who.",
    }
    of = tool(request="POST /x", effect="write", first={"who": who}, body={"id": "$who/id"})
    outcome, _, sent = play(of, answers(listed), **given)
    assert [json.loads(each.content) for each in sent[1:]] == ([{"id": taken}] if taken else [])
    assert isinstance(outcome, Result if taken else NotFound)


def test_the_only_one_need_not_be_named() -> None:
    who: JsonObject = {"request": "GET /people", "result": "/found", "match": {"/name": "$name"}, "only": True}
    of = tool(request="POST /x", effect="write", first={"who": who}, body={"id": "$who/id"})
    _, _, sent = play(of, answers({"found": [{"name": "Ann", "id": 2}]}))
    assert json.loads(sent[1].content) == {"id": 2}


def test_a_failed_step_is_the_calls_failure() -> None:
    outcome, _, sent = play(looked_up(), answers({"error": "no"}, 400), name="ann")
    assert isinstance(outcome, ProviderError)
    assert len(sent) == 1


@pytest.mark.parametrize(("idempotent", "again"), [(False, False), (True, True)])
def test_what_is_refused_for_now_after_a_step_has_changed_something_is_not_simply_made_again(
    idempotent: bool, again: bool
) -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(201, json={"id": "in_1"}) if request.url.path.endswith("drafts") else busy

    busy = httpx2.Response(429, headers={"Retry-After": "3"}, json={"error": "slow"})
    of = tool(
        request="POST /drafts/{draft/id}/lines",
        effect="write",
        idempotent=idempotent,
        first={"draft": {"request": "POST /drafts", "effect": "write"}},
        body={"name": "$name"},
    )
    outcome, _, sent = play(of, serve, name="ann")
    assert isinstance(outcome, RateLimited | ProviderUnavailable)
    assert (len(sent), outcome.retryable, outcome.retry_after_s) == (2, again, 3)
    assert ("look before you call again" in outcome.what_to_do) is not again


def test_an_address_that_an_answer_gave_is_asked_without_credential_and_only_where_it_may_be() -> None:
    of = tool(
        request="PUT $slot/url",
        effect="write",
        first={"slot": {"request": "GET /slot"}},
        origins=["https://files.example/up/"],
        encoding="raw",
        body={"$text_part": {"text": "$name"}},
    )
    _, asks, sent = play(of, answers({"url": "https://files.example/up/1?sig=s"}), name="hello")
    assert [ask.signed for ask in asks] == [True, False]
    assert (str(sent[1].url), sent[1].content) == ("https://files.example/up/1?sig=s", b"hello")
    with pytest.raises(BadValue, match="an address that its connector does not allow"):
        play(of, answers({"url": "https://evil.example/up/1"}), name="hello")


def test_an_address_that_an_answer_gave_gets_the_credential_where_that_is_declared() -> None:
    first: Json = {"file": {"request": "GET /f"}}
    of = tool(request="GET $file/url", first=first, origins=["https://x.example/"], signed=True)
    _, asks, _ = play(of, answers({"url": "https://x.example/1"}), name="x")
    assert [ask.signed for ask in asks] == [True, True]
    with pytest.raises(ValidationError, match="signed is for an address out of an answer"):
        tool(signed=True)


def test_a_redirect_is_followed_without_credential_where_it_is_declared() -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        moved = httpx2.Response(302, headers={"Location": "https://logs.files.example/x"})
        return moved if request.url.host == "api.example" else httpx2.Response(200, text="log")

    of = tool(answer="text", result="/text", redirects=["https://*.files.example/"])
    outcome, asks, _ = play(of, serve, name="x")
    assert (content(outcome), [ask.signed for ask in asks]) == ("log", [True, False])
    assert isinstance(play(tool(answer="text"), serve, name="x")[0], ProviderError)
    elsewhere = tool(answer="text", redirects=["https://other.example/"])
    with pytest.raises(BadValue, match="does not allow"):
        play(elsewhere, serve, name="x")


def test_a_file_comes_as_bytes() -> None:
    outcome, _, _ = play(
        tool(answer="bytes"), lambda _: httpx2.Response(200, content=b"\x00", headers={"Content-Type": "image/png"})
    )
    assert content(outcome) == {"type": "image/png", "size": 1, "base64": "AA=="}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"\xef\xbb\xbfa,\xc3\xbc", {"text": "a,ü"}),
        (b"", {"text": ""}),
        (b"%PDF\xff", {"size": 5, "base64": "JVBERv8="}),
        (b"a\x00", {"size": 2, "base64": "YQA="}),
    ],
)
def test_a_file_is_a_text_where_it_can_be_one(body: bytes, found: JsonObject) -> None:
    served = httpx2.Response(200, content=body, headers={"Content-Type": "x/y; charset=utf-8"})
    assert content(play(tool(answer="file"), lambda _: served)[0]) == {"type": "x/y", **found}


def around(**passthrough: Json) -> Tool:
    data: dict[str, Json] = {
        "acme_request": {
            "description": "Read any path of the API that no tool covers.",
            "passthrough": passthrough,
            "example": {"path": "/x"} if "graphql" not in passthrough else {"document": "{ a }"},
        }
    }
    return Tool.model_validate(written_out(data)["acme_request"])


def test_a_way_around_reads_the_paths_that_are_declared() -> None:
    of = around(paths=["/things/.*"])
    _, _, sent = play(of, answers({}), path="/things/a b", query={"x": [1, 2]})
    assert str(sent[0].url) == "https://api.example/v1/things/a%20b?x=1&x=2"
    assert (of.effect, sent[0].method) == ("read", "GET")
    for path in ("/secrets/1", "/things/../secrets", "/things/%2e%2e/x", "/things/a\\b"):
        with pytest.raises(BadValue):
            play(of, answers({}), path=path)


def test_a_way_around_that_writes_says_so() -> None:
    of = around(methods=["GET", "POST"])
    assert of.effect == "destroy"
    _, _, sent = play(of, answers({}), path="/x", method="POST", body={"a": 1})
    assert (sent[0].method, json.loads(sent[0].content)) == ("POST", {"a": 1})


def test_a_way_around_through_graphql_only_queries() -> None:
    _, _, sent = play(around(graphql="/graphql"), answers({}), document="query A { b }", variables={"c": 1})
    assert json.loads(sent[0].content) == {"query": "query A { b }", "variables": {"c": 1}}
    with pytest.raises(BadValue, match="only queries"):
        play(around(graphql="/graphql"), answers({}), document="mutation { drop }")


@pytest.mark.parametrize(
    ("document", "reads"),
    [
        ("{ a }", True),
        ('query A($x: Int = 1) @d { a(s: "mutation { x }") } fragment F on T { b }', True),
        ('# mutation\n"""mutation""" query { a }', True),
        ("query A { a } mutation B { b }", False),
        ("{ a } subscription { b }", False),
        ("mutation{a}", False),
        ('query A { a(s: "\\"}") } mutation B { b }', False),
        ("extend type A { b }", False),
    ],
)
def test_a_document_that_holds_queries_only_is_told_from_others(document: str, reads: bool) -> None:
    assert is_query(document) is reads


def test_items_of_which_a_list_has_only_ids_are_asked_for_one_by_one() -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        last = request.url.path.rpartition("/")[2]
        if last == "2":
            return httpx2.Response(404, json={"error": "gone"})
        return httpx2.Response(
            200, json={"list": [{"id": 1}, {"id": 2}]} if last == "things" else {"id": 1, "name": "one"}
        )

    of = tool(
        items="/list", expand={"item": "/id", "request": "GET /things/{item}"}, shape={"id": "/id", "name": "/name"}
    )
    outcome, _, sent = play(of, serve, name="x")
    assert content(outcome) == {"items": [{"id": 1, "name": "one"}, {"id": 2}]}
    assert len(sent) == 3


def test_a_list_whose_items_cannot_be_had_just_now_is_a_failure_and_not_half_a_list() -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("things"):
            return httpx2.Response(200, json={"list": [{"id": 1}]})
        return httpx2.Response(429, headers={"Retry-After": "9"}, json={})

    of = tool(items="/list", expand={"item": "/id", "request": "GET /things/{item}"})
    outcome, _, _ = play(of, serve, name="x")
    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after_s == 9


def test_a_page_that_cannot_be_had_does_not_take_those_before_it_away() -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        asked = request.url.params.get("after")
        return (
            httpx2.Response(503, json={}) if asked else httpx2.Response(200, json={"list": numbers(0, 10), "next": "b"})
        )

    outcome, _, _ = play(paged(by="cursor", next="/next", parameter="after"), serve, limit=30)
    assert content(outcome) == {"items": numbers(0, 10), "next_cursor": "b"}
    assert isinstance(outcome, Result)
    assert "The next page could not be had: Acme answered 503" in (outcome.note or "")


def test_a_header_takes_one_line() -> None:
    of = tool(headers={"X-Note": "$name", "X-Fixed": "yes"})
    _, _, sent = play(of, answers({}), name="fine")
    assert (sent[0].headers["X-Note"], sent[0].headers["X-Fixed"]) == ("fine", "yes")
    for name in ("a\r\nEvil: b", "\u00fc", "x "):
        with pytest.raises(BadValue, match="the header X-Note takes one line"):
            play(of, answers({}), name=name)


def looked_into() -> Tool:
    """A thing, with its notes and its history where they are wanted."""
    return tool(
        request="GET /things/{id}",
        input={"id": {"type": "string"}, "with": {"type": "array", "items": {"enum": ["notes", "history"]}}},
        required=["id"],
        example={"id": "1"},
        first={
            "notes": {"request": "GET /things/{id}/notes", "when": {"with": "notes"}},
            "history": {"request": "GET /things/{id}/history", "when": {"with": "history"}},
        },
        shape={"name": "/name"},
        adds={"notes": {"$each": {"of": "$notes", "put": "$item/text"}}, "history": "$history"},
    )


@pytest.mark.parametrize(
    ("wanted", "asked", "found"),
    [
        (None, ["/v1/things/1"], {"name": "a"}),
        (["notes"], ["/v1/things/1/notes", "/v1/things/1"], {"name": "a", "notes": ["x", "y"]}),
        (
            ["history"],
            ["/v1/things/1/history", "/v1/things/1"],
            {"name": "a", "history": [{"text": "x"}, {"text": "y"}]},
        ),
    ],
)
def test_what_steps_found_is_given_back_beside_the_result_where_it_was_wanted(
    wanted: Json, asked: list[str], found: Json
) -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        whole = request.url.path == "/v1/things/1"
        return httpx2.Response(200, json={"name": "a"} if whole else [{"text": "x"}, {"text": "y"}])

    given: JsonObject = {"id": "1", **({"with": wanted} if wanted else {})}
    outcome, _, sent = play(looked_into(), serve, **given)
    assert [request.url.path for request in sent] == asked
    assert content(outcome) == found
    assert at(looked_into().output_schema, "/properties") == {"name": {}, "notes": {}, "history": {}}


def test_a_list_of_ids_is_asked_for_one_by_one_and_one_that_is_gone_does_not_hide_the_others() -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        number = request.url.path[-1]
        return httpx2.Response(404 if number == "2" else 200, json={"thing": {"id": number, "more": 1}})

    outcome, _, sent = play(one_by_one(), serve, ids=["1", "2", "3"])
    gone = {"item": "2", "error": "Acme answered 404."}
    assert content(outcome) == {"items": [{"id": "1"}, gone, {"id": "3"}]}
    assert [request.url.path[-8:] for request in sent] == ["things/1", "things/2", "things/3"]


def test_where_none_of_a_list_of_ids_can_be_had_the_call_failed() -> None:
    outcome, _, _ = play(one_by_one(), answers({}, status=404), ids=["1", "2"])
    assert isinstance(outcome, ProviderError)
    outcome, _, _ = play(one_by_one(), answers({}, status=429), ids=["1", "2"])
    assert isinstance(outcome, RateLimited)


def one_by_one() -> Tool:
    return tool(
        request="GET /things/{item}",
        input={"ids": {"type": "array", "minItems": 1, "maxItems": 9, "items": {"type": "string"}}},
        required=["ids"],
        each="ids",
        result="/thing",
        shape={"id": "/id"},
        example={"ids": ["1"]},
    )


def test_a_call_has_a_key_of_its_own_for_services_that_take_it_in_the_body() -> None:
    of = tool(request="POST /things", effect="write", body={"name": "$name", "key": "$idempotency_key"})
    request = next(perform(connector(), of, {"name": "x"}, "key-1")).build({})
    assert json.loads(request.content) == {"name": "x", "key": "key-1"}
