"""Tool results: structured content for programs and the same in text for models."""

import json
from typing import cast

from mcp.types import CallToolResult, TextContent

from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import Failure


def data(value: JsonObject, first: str | None = None) -> CallToolResult:
    """A success; `first` is said in the text before the JSON."""
    return made(*as_text(value), first)


def made(text: str, clean: JsonObject, first: str | None = None) -> CallToolResult:
    """As `data`, of what `as_text` gave."""
    said = f"{_utf8(first)}\n{text}" if first else text
    return CallToolResult(content=[TextContent(text=said)], structured_content=dict(clean))


def failed(failure: Failure) -> CallToolResult:
    """A failure with all of its fields in the text too, for clients that show a model nothing else."""
    fields = failure.as_json()
    more = [f"{name}: {_plain(value)}" for name, value in fields.items() if name not in _SAID]
    _, clean = as_text(fields)
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


def as_text(value: JsonObject) -> tuple[str, dict[str, Json]]:
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
