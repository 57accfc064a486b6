"""Whatever a provider answers comes to a typed outcome: no crash, no hang, no growth without bound."""

import gzip
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.wire.answers import JSON, RAW_JSON, bombs, swelling
from tests.wire.drive import Drive, driving, resident_bytes
from tests.wire.feed import READ
from tests.wire.malformed import MOST_GROWTH, try_answers

from evergrant.model.outcome import Failure, ProviderError, ProviderUnavailable, Result
from evergrant.oauth.answer import Issued, Rejected

EXAMPLES = 5_000


def test_five_thousand_malformed_answers_are_typed_and_leave_no_memory_behind(tmp_path: Path) -> None:
    told = try_answers(EXAMPLES, tmp_path)

    assert told.examples >= EXAMPLES
    assert told.growth < MOST_GROWTH, str(told)
    # The answers are not all alike: every way out is taken.
    assert {"issued", "terminal", "config", "ratelimit", "transient"} <= set(told.exchanges)
    assert {"Result", "ProviderUnavailable", "ProviderError", "TokenExpired", "RateLimited"} <= set(told.outcomes)


@pytest.fixture
async def drive(tmp_path: Path) -> AsyncGenerator[Drive, None]:
    async with driving(tmp_path) as made:
        yield made


def ok(body: bytes, lines: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + JSON + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.anyio
@pytest.mark.parametrize("index", range(len(bombs())))
async def test_a_bomb_takes_little_memory_and_no_grant(drive: Drive, index: int) -> None:
    lines, body = swelling()[index]
    before = resident_bytes()
    driven = await drive.drive(ok(body, lines), READ)

    assert isinstance(driven.exchange, Rejected)
    assert (driven.exchange.class_, driven.exchange.may_be_spent) == ("transient", True)
    assert isinstance(driven.outcome, Failure | Result)
    assert resident_bytes() - before < MOST_GROWTH
    assert drive.app.tokens.account(drive.account.key).state == "active"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "lines", "words"),
    [
        (bytes(11 << 20), b"", "larger than"),
        (gzip.compress(bytes(9 << 20)), b"Content-Encoding: gzip\r\n", "swells to more than 100 times"),
        (b"[" * 65 + b"]" * 65, b"", "nested more than 64 deep"),
        (b"[" + b"1," * 100_000 + b"1]", b"", "more than 100000 values"),
    ],
)
async def test_an_answer_that_is_too_much_says_so(drive: Drive, body: bytes, lines: bytes, words: str) -> None:
    driven = await drive.drive(ok(body, lines), READ)
    assert isinstance(driven.outcome, ProviderError)
    assert words in driven.outcome.what_happened
    assert "Ask for less" in driven.outcome.what_to_do


@pytest.mark.anyio
@pytest.mark.parametrize("body", RAW_JSON)
async def test_odd_json_is_typed(drive: Drive, body: bytes) -> None:
    driven = await drive.drive(ok(body), READ)
    assert isinstance(driven.exchange, Issued | Rejected)
    assert isinstance(driven.outcome, Result | Failure)


@pytest.mark.anyio
async def test_a_redirect_is_an_outcome_and_is_not_followed(drive: Drive) -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    for status in (b"301", b"302", b"303", b"307", b"308"):
        before = drive.feed.connections
        driven = await drive.drive(moved.replace(b"307", status), READ)
        assert isinstance(driven.outcome, ProviderError)
        assert isinstance(driven.exchange, Rejected)
        assert drive.feed.connections == before + 2


@pytest.mark.anyio
async def test_a_body_that_is_cut_short_is_not_taken_for_a_whole_one(drive: Drive) -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"
    driven = await drive.drive(short, READ)
    assert isinstance(driven.outcome, ProviderUnavailable)
    assert isinstance(driven.exchange, Rejected)
    assert driven.exchange.may_be_spent
