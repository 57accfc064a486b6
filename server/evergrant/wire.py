"""HTTP as this program uses it: no redirects, no retries of the transport, answers of bounded size.

A second send, a followed redirect or a retried connection could spend a refresh token twice or carry a credential to
another host, so none of them happens below the code that knows what it sends.
"""

import json
from email.utils import parsedate_to_datetime
from typing import NoReturn, cast

import httpx2

from evergrant.model.json import Json

CONNECT_S = 5.0
READ_S = 30.0
MOST_CONNECTIONS = 200
IDLE_S = 4.0
"""Shorter than the idle limits of common servers (uvicorn's is 5 s), so that we close first."""
LARGEST_TOKEN_ANSWER = 1 << 20
LARGEST_API_ANSWER = 10 << 20
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
"""Failures before the first byte of the request left."""


class AnswerTooLarge(Exception):
    """The answer is larger, once decoded, than is read."""


def http_client(transport: httpx2.AsyncBaseTransport | None, *, keep_alive: int) -> httpx2.AsyncClient:
    """A client without redirects or default credentials that keeps up to `keep_alive` idle connections.

    Few, since the pool looks at every idle one at each request. A client for refresh tokens keeps none: a request on
    a connection that the server is just closing is lost, and whether the token was spent is then unknown.
    """
    limits = httpx2.Limits(
        max_connections=MOST_CONNECTIONS, max_keepalive_connections=keep_alive, keepalive_expiry=IDLE_S
    )
    timeout = httpx2.Timeout(READ_S, connect=CONNECT_S)
    return httpx2.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False, limits=limits)


async def read_capped(response: httpx2.Response, limit: int) -> bytes:
    """The decoded body; raises AnswerTooLarge as soon as it passes `limit` bytes."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise AnswerTooLarge(f"the answer is larger than {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def parse_json(body: bytes) -> tuple[bool, Json]:
    """Whether the body is JSON, and its value; an empty body is JSON's null."""
    if not body.strip():
        return True, None
    try:
        return True, cast("Json", json.loads(body, parse_constant=_not_json))
    except (ValueError, RecursionError):
        return False, None


def _not_json(name: str) -> NoReturn:
    """NaN and Infinity are Python's, not JSON's (RFC 8259 6)."""
    raise ValueError(name)


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds from a Retry-After header (RFC 9110 10.2.3); a date counts from the answer's own Date. None if absent."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return max(wait.total_seconds(), 0.0)
