"""A result as the server sends it."""

from evergrant.model.json import JsonObject, text_at
from evergrant.model.outcome import Result


def result_of(answer: JsonObject) -> Result:
    """The inverse of `Result.as_json`; only an empty result that was read has a note."""
    note = text_at(answer, "/note")
    return Result(
        account=text_at(answer, "/account") or "",
        label=text_at(answer, "/as") or "",
        content=answer.get("data"),
        empty=note is not None,
        note=note,
    )
