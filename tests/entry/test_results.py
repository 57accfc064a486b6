"""Outcomes as tool results."""

import json

import pytest
from tests.entry.reading import said

from evergrant.entry.mcp import results
from evergrant.model.outcome import ReauthRequired, Result


def result(content: str | None, *, empty: bool = False, note: str | None = None) -> Result:
    return Result(account="conn_1", label="anna", content=content, empty=empty, note=note)


def test_text_and_structure_say_the_same() -> None:
    made = results.of(result("Grüße"))

    assert made.structured_content == {"account": "conn_1", "as": "anna", "data": "Grüße"}
    assert json.loads(said(made)) == made.structured_content
    assert "Grüße" in said(made)


def test_a_failure_has_every_field_in_its_text() -> None:
    failure = ReauthRequired(
        account="conn_1",
        cause="revoked",
        reauth_url="http://localhost:8484/reconnect/conn_1",
        what_happened="The grant is gone.",
        what_to_do="Reconnect.",
        provider_code="invalid_grant",
    )

    made = results.of(failure)

    assert made.is_error
    assert made.structured_content == failure.as_json()
    for value in failure.as_json().values():
        assert (value if isinstance(value, str) else json.dumps(value)) in said(made)


def test_half_a_surrogate_pair_can_be_sent() -> None:
    made = results.of(result(json.loads('"broken \\ud83d emoji"'), note=None))

    assert made.structured_content["data"] == "broken ? emoji"
    assert made.model_dump_json()


@pytest.mark.parametrize(("size", "fits"), [(400_000, True), (460_000, False)])
def test_what_is_too_large_fails_whole_and_asks_for_less(size: int, fits: bool) -> None:
    made = results.of(result("x" * size))

    assert made.is_error is not fits
    assert fits or "Ask for less" in said(made)


def test_escapes_count_in_the_size() -> None:
    assert results.of(result("é" * 100_000)).is_error
