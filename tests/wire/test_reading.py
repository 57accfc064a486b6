"""An answer's body is read up to its bounds, and as the JSON that it is."""

import gzip
import zlib

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oauth.samples import Script, answer
from tests.wire.feed import FedTransport, Feed
from tests.wire.recorder import recording

from evergrant.calls.send import Sender
from evergrant.dial.guard import Guard, permitted
from evergrant.model.json import Json
from evergrant.wire import (
    DEEPEST,
    MOST_NODES,
    SWELLS_FREELY,
    AnswerTooLarge,
    check_shape,
    http_client,
    parse_json,
    read_capped,
    retry_after,
    transport,
)


async def read(body: bytes, *lines: bytes, limit: int = 10 << 20) -> bytes:
    """The body as it is read off the wire."""
    feed = Feed()
    head = b"".join(line + b"\r\n" for line in lines)
    feed.answer = b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)
    async with (
        http_client(FedTransport(feed), keep_alive=0) as http,
        http.stream("GET", "http://api.example/") as response,
    ):
        return await read_capped(response, limit)


@pytest.mark.anyio
async def test_what_packs_well_is_read_and_what_swells_too_far_is_not() -> None:
    free = bytes(SWELLS_FREELY)
    assert await read(gzip.compress(free), b"Content-Encoding: gzip") == free
    with pytest.raises(AnswerTooLarge, match="swells"):
        await read(gzip.compress(free + b"x"), b"Content-Encoding: gzip")
    with pytest.raises(AnswerTooLarge, match="swells"):
        await read(zlib.compress(free + b"x"), b"Content-Encoding: deflate")
    records = b"[" + b",".join(b'{"id": %d, "name": "%s"}' % (n, b"number " * 10) for n in range(20_000)) + b"]"
    assert await read(gzip.compress(records), b"Content-Encoding: gzip") == records


@pytest.mark.anyio
@pytest.mark.parametrize(
    "lines", [[b"Content-Encoding: gzip, gzip"], [b"Content-Encoding: gzip"] * 2, [b"Content-Encoding: br, gzip"]]
)
async def test_what_is_packed_twice_is_not_unpacked(lines: list[bytes]) -> None:
    with pytest.raises(httpx2.DecodingError, match="packed 2 times"):
        await read(gzip.compress(gzip.compress(b"{}")), *lines)


@pytest.mark.anyio
async def test_identity_is_no_packing() -> None:
    assert await read(b"{}", b"Content-Encoding: identity", b"Content-Encoding: Identity") == b"{}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "deep"),
        (b'{"a":[' * 33 + b"]}" * 33, "deep"),
        (b"[" + b"[[]]," * 40 + b"[" * DEEPEST + b"]" * DEEPEST + b"]", "deep"),
        (b"[" + b"1," * MOST_NODES + b"1]", "values"),
        (b"[" + b"[]," * (MOST_NODES // 2) + b"1]", "values"),
        (b"[" * MOST_NODES, "values"),
        (b"\xef\xbb\xbf \n" + b"[" + b"1," * MOST_NODES + b"1]", "values"),
    ],
)
def test_too_much_json_is_not_made_into_objects(body: bytes, words: str) -> None:
    with pytest.raises(AnswerTooLarge, match=words):
        check_shape(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEPEST + b"]" * DEEPEST,
        b'["' + b"[,{" * MOST_NODES + b'"]',
        b'["' + b'\\"[,' * MOST_NODES + b'"]',
        b"[" + b"1," * (MOST_NODES - 2) + b"1]",
        b"<html>" + b"[,{" * MOST_NODES,
        b"[" * 70 + b"x",
        b'["' + b'\\"' * MOST_NODES,
        b"",
    ],
)
def test_brackets_and_commas_in_text_do_not_count(body: bytes) -> None:
    check_shape(body)


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_json_of_ordinary_shape_is_refused_and_all_of_it_is_read(value: Json) -> None:
    body = httpx2.Response(200, json=value).content
    check_shape(body)
    assert parse_json(body) == (True, value)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"", None),
        (b" \r\n", None),
        (b"\xef\xbb\xbf{}", {}),
        (b'["\\ud83d\\ude00"]', ["\U0001f600"]),
        (b'["a\\ud83d"]', ["a\ufffd"]),
        (b'{"\\ud800": "\\\\ud800 \\udfff"}', {"\ufffd": "\\ud800 \ufffd"}),
        (b"[1e308, -0.0]", [1e308, -0.0]),
    ],
)
def test_json_is_read_as_text_that_can_be_written_again(body: bytes, value: Json) -> None:
    assert parse_json(body) == (True, value)


@pytest.mark.parametrize(
    "body",
    [
        b"NaN",
        b"[-Infinity]",
        b"[1e999]",
        b"1" * 5_000,
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b"\xff\xfe[\x00]\x00",
        b"[" * 100_000,
        b"{'a': 1}",
        b"<html>",
    ],
)
def test_what_is_not_json_is_not_guessed_at(body: bytes) -> None:
    assert parse_json(body) == (False, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "9" * 30}, 30 * 86_400.0),
        ({"Retry-After": "\u0661"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Mon, 01 Jan 0001 00:00:00 GMT"}, 30 * 86_400.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:10 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 10.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:10 GMT"}, None),
        ({}, None),
    ],
)
def test_a_wait_is_some_seconds_or_unknown(headers: dict[str, str], seconds: float | None) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert retry_after(httpx2.Response(429, headers=encoded)) == seconds


@pytest.mark.anyio
async def test_no_cookie_is_kept() -> None:
    script = Script(answer(200, {}, [("Set-Cookie", f"c{n}=1; Path=/") for n in range(50)]), answer(200))
    async with http_client(script, keep_alive=0) as http:
        await http.get("https://api.example/")
        await http.get("https://api.example/")
        assert len(http.cookies) == 0
    assert "cookie" not in script.requests[1].headers


@pytest.mark.anyio
async def test_an_answer_that_drips_for_ever_ends_at_the_deadline() -> None:
    async with (
        recording() as server,
        transport(Guard(permitted=permitted(["127.0.0.0/8"])), keep_alive=0) as network,
    ):
        server.answer, server.drip_s = b"HTTP/1.1 200 OK\r\n\r\n", 0.01
        with pytest.raises(httpx2.ReadTimeout, match=r"no whole answer within 0\.2 s"):
            await Sender(network, deadline_s=0.2).send(httpx2.Request("GET", server.url("/")))
