"""HTTP as this program uses it: no redirects, no retries of the transport, answers of bounded size.

A second send, a followed redirect or a retried connection could spend a refresh token twice or carry a credential to
another host, so none of them happens below the code that knows what it sends.

What is bounded here: an answer's decoded size, how far it swells, and how much JSON is in it. What is bounded below:
its head and its trailers at 100 KiB each (h11, as httpcore sets it), a decoded piece at 1 MiB (httpx2). What is bounded
above: its time, by `calls/send.py` and `oauth/endpoint.py`.
"""

import json
import math
import re
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NoReturn, cast

import httpx2

from evergrant.dial.guard import Guard
from evergrant.dial.network import Network
from evergrant.model.json import Json

CONNECT_S = 5.0
READ_S = 30.0
MOST_CONNECTIONS = 200
IDLE_S = 4.0
"""Shorter than the idle limits of common servers (uvicorn's is 5 s), so that we close first."""
TIMEOUT = httpx2.Timeout(READ_S, connect=CONNECT_S)
LARGEST_TOKEN_ANSWER = 1 << 20
LARGEST_API_ANSWER = 10 << 20
SWELLS_FREELY = 1 << 20
"""Bytes below which it does not matter how small the answer was on its way."""
MOST_SWELLING = 100
"""Times its size on its way; JSON of real records packs 5 to 30 times."""
MOST_NODES = 100_000
DEEPEST = 64
LONGEST_RETRY_AFTER_S = 30 * 86_400.0
NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
"""Failures before the first byte of the request left."""

STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""A string of JSON, also one that the text ends in, so that no text is read twice."""
BRACKETS = bytes.maketrans(b"{}", b"[]")
ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class AnswerTooLarge(Exception):
    """The answer is larger, once decoded, than is read, or holds more than is read."""


def transport(network: httpx2.AsyncBaseTransport | Guard, *, keep_alive: int) -> httpx2.AsyncBaseTransport:
    """One that is brought, or the network as its guard allows, with up to `keep_alive` idle connections.

    Few connections are kept, since the pool looks at every idle one at each request.
    """
    if not isinstance(network, Guard):
        return network
    limits = httpx2.Limits(
        max_connections=MOST_CONNECTIONS, max_keepalive_connections=keep_alive, keepalive_expiry=IDLE_S
    )
    return Network(network, limits)


def http_client(network: httpx2.AsyncBaseTransport | Guard, *, keep_alive: int) -> httpx2.AsyncClient:
    """A client over such a transport, without redirects, cookies or default credentials.

    A client for refresh tokens keeps no connection: a request on one that the server is just closing is lost, and
    whether the token was spent is then unknown.
    """
    return httpx2.AsyncClient(
        transport=transport(network, keep_alive=keep_alive),
        timeout=TIMEOUT,
        follow_redirects=False,
        # One jar serves all accounts: a cookie in it would go with another's call, and it would grow for ever.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )


async def read_capped(response: httpx2.Response, limit: int) -> bytes:
    """The decoded body; raises AnswerTooLarge as soon as it passes `limit` bytes, swells too far or nests too deep.

    Raises httpx2.DecodingError for an answer that is packed more than once: a layer can swell to nothing for hours.
    """
    packed = _codings(response)
    if len(packed) > 1:
        raise httpx2.DecodingError(f"packed {len(packed)} times")
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise AnswerTooLarge(f"the answer is larger than {limit} bytes")
        if packed and size > max(SWELLS_FREELY, MOST_SWELLING * response.num_bytes_downloaded):
            raise AnswerTooLarge(f"the answer swells to more than {MOST_SWELLING} times its size")
        chunks.append(chunk)
    body = b"".join(chunks)
    check_shape(body)
    return body


def _codings(response: httpx2.Response) -> list[str]:
    """The content codings (RFC 9110 8.4) that were applied."""
    named = response.headers.get_list("Content-Encoding", split_commas=True)
    return [name for name in (text.strip().lower() for text in named) if name not in ("", "identity")]


def check_shape(body: bytes) -> None:
    """Raises AnswerTooLarge for JSON of too many values or too deep a nesting, before it becomes objects."""
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"[", b"{")):
        return
    opened = body.count(b"[") + body.count(b"{")
    if opened <= DEEPEST and opened + body.count(b",") < MOST_NODES:
        return  # also if none of them stood inside a string
    bare = STRING.sub(b"", body)
    if bare.count(b"[") + bare.count(b"{") + bare.count(b",") >= MOST_NODES:
        raise AnswerTooLarge(f"the answer holds more than {MOST_NODES} values")
    if _is_deep(bare.translate(BRACKETS, ALL_BUT_BRACKETS)):
        raise AnswerTooLarge(f"the answer is nested more than {DEEPEST} deep")


def _is_deep(brackets: bytes) -> bool:
    """Taking away the innermost pairs takes away one level; what does not pair up is not JSON and not our matter."""
    for _ in range(DEEPEST):
        brackets = brackets.replace(b"[]", b"")
    return b"[]" in brackets


def parse_json(body: bytes) -> tuple[bool, Json]:
    """Whether the body is JSON (RFC 8259, so UTF-8), and its value; an empty body is JSON's null.

    Half a surrogate pair, which JSON can escape and no text can hold, becomes U+FFFD. A number too large to hold is
    not taken for infinity: such a body is not JSON.
    """
    if not body.strip():
        return True, None
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_not_json, parse_float=_finite)
        if SURROGATE.search(text):
            halves = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
            value = json.loads(halves.decode("utf-16-le", "replace"))
    except (ValueError, RecursionError):
        return False, None
    return True, cast("Json", value)


def _not_json(name: str) -> NoReturn:
    """NaN and Infinity are Python's, not JSON's (RFC 8259 6)."""
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(digits)
    return number


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds from a Retry-After header (RFC 9110 10.2.3), at most a month; a date counts from the answer's own Date.

    None if absent or not readable.
    """
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), LONGEST_RETRY_AFTER_S)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(wait.total_seconds(), 0.0), LONGEST_RETRY_AFTER_S)
