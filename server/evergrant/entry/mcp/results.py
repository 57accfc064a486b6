"""What a call came to, as a tool result: structured content for programs and the same in text for models."""

import json
from typing import cast

from mcp.types import CallToolResult, TextContent

from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import Failure, InvalidInput, Outcome, Result

LARGEST_RESULT = 900_000
"""Bytes on the wire, text and structured content together: the SDK's client refuses an event of more than 1 MiB."""


def of(outcome: Outcome) -> CallToolResult:
    """The tool result of an outcome; a failure is an `isError` result that says what to do."""
    if isinstance(outcome, Failure):
        return failed(outcome)
    result = data(outcome.as_json(), first=outcome.note if outcome.empty else None)
    return result if _fits(result) else failed(_too_large(outcome))


def data(value: JsonObject, first: str | None = None) -> CallToolResult:
    """A success; `first` is said in the text before the JSON."""
    text, clean = _as_text(value)
    return CallToolResult(
        content=[TextContent(text=f"{_utf8(first)}\n{text}" if first else text)], structured_content=clean
    )


def failed(failure: Failure) -> CallToolResult:
    """A failure with all of its fields in the text too, for clients that show a model nothing else."""
    fields = failure.as_json()
    more = [f"{name}: {_plain(value)}" for name, value in fields.items() if name not in _SAID]
    _, clean = _as_text(fields)
    text = _utf8("\n".join([failure.as_text(), *more]))
    return CallToolResult(content=[TextContent(text=text)], structured_content=clean, is_error=True)


_SAID = ("code", "what_happened", "what_to_do")


def broken(reference: str) -> CallToolResult:
    """For a failure that nobody foresaw."""
    text = (
        f"internal_error: Evergrant failed at this; the reason is in its log under {reference}. "
        "It may have been carried out: look before you call again. If it comes again, tell the operator the reference."
    )
    return CallToolResult(
        content=[TextContent(text=text)],
        structured_content={"code": "internal_error", "retryable": False, "reference": reference},
        is_error=True,
    )


def _as_text(value: JsonObject) -> tuple[str, dict[str, Json]]:
    """JSON and the value that it stands for; raises ValueError for a number that JSON has not got.

    Half a surrogate pair, which JSON can escape and UTF-8 cannot hold, becomes a question mark in both.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    clean = _utf8(text)
    return clean, dict(value) if clean == text else cast("dict[str, Json]", json.loads(clean))


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _fits(result: CallToolResult) -> bool:
    # ASCII with escapes is the largest form that the transports give it.
    return len(json.dumps(result.model_dump(mode="json", by_alias=True))) <= LARGEST_RESULT


def _too_large(result: Result) -> Failure:
    return InvalidInput(
        account=result.account,
        what_happened=f"The call ran as {result.label}, but its answer is too large to hand over.",
        what_to_do="Ask for less: a smaller page, fewer fields, a narrower search. A write is done: do not repeat it.",
    )
