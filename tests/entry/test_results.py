"""Outcomes as tool results."""

import json

from tests.entry.reading import said

from evergrant.entry.mcp import envelope, results
from evergrant.model.json import Json
from evergrant.model.outcome import ReauthRequired, Result


def result(content: Json, note: str | None = None) -> Result:
    return Result(account="conn_1", label="anna", content=content, note=note)


def test_text_and_structure_say_the_same() -> None:
    made = results.data(envelope.whole(result("Grüße"), "Grüße", declared=True))

    assert made.structured_content == {"account": "conn_1", "as": "anna", "data": "Grüße"}
    assert json.loads(said(made)) == made.structured_content
    assert "Grüße" in said(made)


def test_a_program_and_an_agent_are_given_a_small_result_alike() -> None:
    noted = result([1], note="There are more.")

    assert envelope.whole(noted, [1], declared=True) == noted.as_json()


def test_a_failure_has_every_field_in_its_text() -> None:
    failure = ReauthRequired(
        account="conn_1",
        cause="revoked",
        reauth_url="http://localhost:8484/reconnect/conn_1",
        what_happened="The grant is gone.",
        what_to_do="Reconnect.",
        provider_code="invalid_grant",
    )

    made = results.failed(failure)

    assert made.is_error
    assert made.structured_content == failure.as_json()
    for value in failure.as_json().values():
        assert (value if isinstance(value, str) else json.dumps(value)) in said(made)


def test_half_a_surrogate_pair_can_be_sent() -> None:
    made = results.data({"data": json.loads('"broken \\ud83d emoji"')})

    assert made.structured_content["data"] == "broken ? emoji"
    assert made.model_dump_json()
