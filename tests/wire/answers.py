"""Answers as no provider should send them, as bytes on the wire: hypothesis strategies, and bombs that take no time."""

import gzip
import json
import zlib
from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

STATUSES = (
    *(
        200,
        201,
        204,
        205,
        206,
        300,
        301,
        302,
        303,
        304,
        307,
        308,
        400,
        401,
        403,
        404,
        408,
        409,
        410,
        418,
        423,
        425,
        429,
    ),
    *(451, 500, 502, 503, 504, 511, 520, 530, 599, 600, 799, 999),
)
JSON = b"Content-Type: application/json\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
HTML = b"Content-Type: text/html\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
ODD_STATUS_LINES = (
    b"HTTP/1.1 000 Zero\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n",
    b"HTTP/1.1 1000 Long\r\n",
    b"HTTP/1.1 -1 Minus\r\n",
    b"HTTP/1.1 2OO OK\r\n",
    b"HTTP/0.9 200 OK\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/2 200 OK\r\n",
    b"HTTP/1.1 200\r\n",
    b"ICY 200 OK\r\n",
    b"\x16\x03\x01\x02\x00",
    b"\r\n\r\nHTTP/1.1 200 OK\r\n",
)
ODD_HEADERS = (
    b"Content-Length: -1",
    b"Content-Length: 18446744073709551616",
    b"Content-Length: 1e3",
    b"Content-Length: 3, 3",
    b"Content-Length: 3\r\nContent-Length: 4",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: gzip",
    b"Transfer-Encoding: xchunked",
    b"Content-Type: text/html; charset=no-such-charset",
    b"Content-Type: application/json; charset=utf-16",
    b"Content-Type: application/x-www-form-urlencoded",
    b"Content-Type: \xff\xfe",
    b"Content-Type:",
    b"Content-Encoding: br",
    b"Content-Encoding: zstd, br",
    b"Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip, gzip",
    b"Content-Encoding: identity, identity",
    b"Content-Encoding: \x00",
    b"Retry-After: 99999999999999999999999999",
    b"Retry-After: -5",
    b"Retry-After: 1e309",
    b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nDate: Mon, 01 Jan 0001 00:00:00 GMT",
    b"Retry-After: Fri, 99 Dec 1999 99:59:59 +9999",
    b"Retry-After: \xd9\xa1\xd9\xa2",
    b"WWW-Authenticate: Bearer error=invalid_token",
    b"WWW-Authenticate: Bearer error=" + b'"' * 2000,
    b"WWW-Authenticate: " + b"error=" * 5000,
    b"Location: https://evil.test/\r\nLocation: //evil.test",
    b"Set-Cookie: a=b; Domain=.test\r\nSet-Cookie: a=b; Max-Age=99999999999999999999",
    b"Set-Cookie: a=b; Expires=Fri, 99 Dec 1999 99:59:59 GMT",
    b"Connection: close, upgrade\r\nUpgrade: h2c",
    b": no name",
    b" folded: x\r\n  more",
    b"No colon",
    b"X: a\x00b",
    b"X: a\rb",
    b"Bad Name: x",
)
HEAVY_HEADERS = (
    b"X: " + b"x" * 60_000,
    b"X: " + b"x" * 120_000,
    b"\r\n".join(b"X-%d: x" % number for number in range(5_000)),
)
CHUNKS = (
    b"0\r\n\r\n",
    b"",
    b"-1\r\nx\r\n",
    b"ffffffffffffffff\r\nx\r\n",
    b"fffffffffffffffffffffffff\r\n",
    b"zz\r\nx\r\n",
    b"1\r\nxx\r\n0\r\n\r\n",
    b"0\r\nTrailer: x\r\n\r\n",
)
HEAVY_CHUNKS = (
    b"1;" + b"x" * 120_000,
    b"0\r\n" + b"T: x\r\n" * 30_000,
)
WORDS = (
    "invalid_grant",
    "invalid_token",
    "server_error",
    "",
    "x" * 5_000,
    "\x1b[31mred\x1b[0m \u202egnp.exe \u200b\x00\n",
    "\ud800",
    "\U0001f600",
    "Bearer ",
    "a\r\nSet-Cookie: x",
    "1" * 5_000,
    "-1",
    "1e400",
    "9999999999999",
    "Infinity",
    "2027-13-45T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
)
SHAPES: tuple[dict[str, object], ...] = (
    {"access_token": "a-new-access-token", "refresh_token": "a-new-refresh-token"},
    {"access_token": "a-new-access-token", "refresh_token": 7},
    {"access_token": ["a-new-access-token"]},
    {"access_token": "with\nline"},
    {"error": "invalid_grant"},
    {"error": "invalid_client"},
    {"error": {"error": "invalid_grant"}},
    {"error": "invalid_token"},
    {"error": "insufficient_scope"},
    {"contacts": []},
    {"contacts": [{"id": 1}]},
)
NUMBERS = (0, -1, 1, 3600, 2**63, -(2**63), 10**300, 10**4299, 1e308, -0.0, 5e-324, 1e15, 253402300800)
MEMBERS = (
    "error",
    "error_description",
    "access_token",
    "refresh_token",
    "expires_in",
    "expires_at",
    "scope",
    "active",
    "exp",
    "contacts",
    "ok",
    "",
    "__proto__",
)
RAW_JSON = (
    b"NaN",
    b"[Infinity]",
    b"-Infinity",
    b"1e999",
    b"[1" + b"0" * 5_000 + b"]",
    b'{"access_token": 1' + b"0" * 5_000 + b"}",
    b'{"expires_in": 1e999, "access_token": "at"}',
    b'{"access_token": "at", "expires_in": -1e-400}',
    b'"\\ud800"',
    b'{"error": "\\udfff\\ud800", "error_description": "\\ud83d"}',
    b'{"\\ud800": "\\udc00"}',
    b'"\xed\xa0\x80"',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"{'a': 1}",
    b'{"a": 1,}',
    b'{"a": 1} {"a": 2}',
    b'{"a": 1, "a": 2, "error": "x", "error": null}',
    b'["\\u0000"]',
    b'"\\x"',
    b'{"a":' * 2_000,
    b"[" * 2_000 + b"]" * 2_000,
    b"[" * 65 + b"]" * 65,
    b"[" * 64 + b"]" * 64,
    b'{"error":' * 70 + b"1" + b"}" * 70,
    b"access_token=at&access_token=bt&expires_in=%00",
    b"%" * 5_000,
    b"\x00" * 5_000,
    b"true",
    b"0",
    b"null",
    b'""',
    b"",
    b" \r\n\t",
)

HEAVY_JSON = (
    b"[" * 100_000,
    b'["' + b'\\"' * 200_000,
    b"[" + b"[]," * 60_000 + b"1]",
    b"[" + b"1," * 120_000 + b"1]",
    b"{" + b",".join(b'"%d":1' % number for number in range(40_000)) + b"}",
    b"<html>" + b"[{,}]" * 10_000 + b"</html>",
    b"a=1&" * 20_000,
)


@cache
def bombs() -> tuple[tuple[bytes, bytes], ...]:
    """Content codings, and bodies that swell: zeros, JSON, layers, layers that come to nothing."""
    zeros = zlib.compress(bytes(30 << 20), 9)
    packed = gzip.compress(bytes(30 << 20), 9)
    text = gzip.compress(b'["' + b"x" * (30 << 20) + b'"]', 9)
    many = gzip.compress(b"[" + b"[]," * (5 << 20) + b"1]", 9)
    nothing = gzip.compress(b"\x00\x00\x00\xff\xff" * (4 << 20), 9)
    return (
        (b"gzip", packed),
        (b"deflate", zeros),
        (b"deflate", _raw_deflate(bytes(30 << 20))),
        (b"gzip", text),
        (b"gzip", many),
        (b"gzip", packed[: len(packed) // 2]),
        (b"gzip", gzip.compress(b"{}") * 1_000),
        (b"gzip", gzip.compress(b"{}")[:-8]),
        (b"gzip", gzip.compress(b"{}")[:-8] + b"\x00" * 8),
        (b"gzip", b"\x1f\x8b"),
        (b"gzip", b"{}"),
        (b"deflate", nothing),
        (b"gzip, gzip", gzip.compress(packed)),
        (b"deflate, gzip", nothing),
        (b"gzip\r\nContent-Encoding: gzip", gzip.compress(packed)),
        (b"br", b"\x0b\x01\x80{}\x03"),
    )


def _raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def _zipped(body: bytes) -> tuple[bytes, bytes]:
    return b"Content-Encoding: gzip\r\n", zlib.compress(body, 1, 31)


def swelling() -> list[tuple[bytes, bytes]]:
    """Each bomb's header lines and body."""
    return [(b"Content-Encoding: " + coding + b"\r\n", body) for coding, body in bombs()]


def _bomb(index: int) -> tuple[bytes, bytes]:
    return swelling()[index % len(bombs())]


def _plain(body: bytes) -> tuple[bytes, bytes]:
    return b"", body


def _document(shape: dict[str, object], more: dict[str, object]) -> bytes:
    return json.dumps({**more, **shape}).encode()


def _framed(lines: bytes, body: bytes, frame: int, tail: bytes, cut: int) -> tuple[bytes, bytes]:
    """As a length says, a wrong length, in chunks, in endless or broken chunks, or until the end of the connection."""
    match frame:
        case 0:
            return lines + b"Content-Length: %d\r\n" % len(body), body
        case 1:
            return lines + b"Content-Length: %d\r\n" % max(len(body) + cut, 0), body
        case 2:
            return lines + b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        case 3:
            return lines + b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n%b" % (len(body), body, tail)
        case 4:
            return lines + b"Transfer-Encoding: chunked\r\n" + b"Content-Length: %d\r\n" % len(body), body
        case _:
            return lines, body


def _spoilt(whole: bytes, how: int, at: int, other: bytes) -> bytes:
    """Now and then cut off, sent twice, or with other bytes in some place."""
    at = min(at, len(whole))
    match how:
        case 0:
            return whole[:at]
        case 1:
            return whole + whole[:at]
        case 2:
            return whole[:at] + other + whole[at + 1 :]
        case _:
            return whole


def _whole(
    status: bytes,
    lines_and_body: tuple[bytes, bytes],
    frame: tuple[int, int, bytes],
    around: tuple[bytes, bytes, tuple[bytes, ...]],
    spoil: tuple[int, int, bytes],
) -> bytes:
    kind, shift, tail = frame
    before, line, odd = around
    lines, body = _framed(*lines_and_body, kind, tail, shift)
    head = before + (line or status) + b"".join(each + b"\r\n" for each in odd) + lines
    return _spoilt(head + b"\r\n" + body, *spoil)


# Made once: making them anew for each example would take longer than what is tried with it.
_ODD = st.sampled_from(WORDS) | st.sampled_from(NUMBERS)
_LEAVES = _ODD | st.none() | st.booleans() | st.text(max_size=5)
_NESTED = st.dictionaries(st.sampled_from(MEMBERS), _LEAVES, max_size=3) | st.lists(_LEAVES, max_size=3)
_ANYTHING = st.dictionaries(st.sampled_from(MEMBERS), _LEAVES | _NESTED, max_size=5)
_MORE = st.dictionaries(st.sampled_from(("error_description", "expires_in", "scope")), _ODD, max_size=2)
_LIKELY = st.builds(_document, st.sampled_from(SHAPES), _MORE)
_LIGHT = st.one_of(
    _LIKELY,
    _LIKELY,
    _LIKELY,
    _ANYTHING.map(json.dumps).map(str.encode),
    st.sampled_from(RAW_JSON),
    st.binary(max_size=200),
)
_BODIES = st.one_of(
    *[_LIGHT.map(_plain)] * 48,
    *[_LIGHT.map(_zipped)] * 12,
    *[st.sampled_from(HEAVY_JSON).map(_plain)] * 2,
    st.integers(0, 99).map(_bomb),
)
_FRAMES = st.tuples(
    st.sampled_from((0,) * 6 + (2,) * 4 + (5, 5, 1, 3, 4)),
    st.integers(-20, 20),
    st.sampled_from((*CHUNKS * 10, *HEAVY_CHUNKS)),
)
_HEADERS = st.sampled_from((*ODD_HEADERS * 4, *HEAVY_HEADERS))
_AROUND = st.one_of(
    *[st.just((b"", b"", ()))] * 5,
    st.tuples(st.just(b""), st.sampled_from(ODD_STATUS_LINES), st.just(())),
    st.tuples(st.sampled_from((EARLY, EARLY * 3, EARLY * 50)), st.just(b""), st.just(())),
    *[st.tuples(st.just(b""), st.just(b""), st.tuples(_HEADERS) | st.tuples(_HEADERS, _HEADERS))] * 3,
)
_STATUS = st.sampled_from((200, 200, 400) * 12 + STATUSES).map(lambda status: b"HTTP/1.1 %d Said\r\n" % status)
_KIND = st.sampled_from((JSON, JSON, JSON, b"", HTML, FORM))
_SPOILS = st.tuples(st.integers(0, 29), st.integers(0, 2_000), st.binary(min_size=1, max_size=4))

ANSWERS: SearchStrategy[bytes] = st.builds(
    _whole, st.tuples(_STATUS, _KIND).map(b"".join), _BODIES, _FRAMES, _AROUND, _SPOILS
)
"""All that a server sends before it closes the connection."""
