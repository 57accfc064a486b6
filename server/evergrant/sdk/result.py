"""A result as the server sends it."""

import json
from dataclasses import dataclass

from evergrant.model.json import Json, JsonObject, text_at
from evergrant.model.outcome import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult(Result):
    """What the provider answered to `account`, which `label` names to a person; `empty` where there was nothing."""

    @property
    def data(self) -> Json:
        """The answer, as the tool declares it."""
        return self.content

    @property
    def text(self) -> str:
        """All of it as one JSON text, with the account and the note: what a model is given."""
        return json.dumps(self.as_json(), ensure_ascii=False)


def result_of(answer: JsonObject) -> ToolResult:
    """The inverse of `Result.as_json`; only an empty result that was read has a note."""
    note = text_at(answer, "/note")
    return ToolResult(
        account=text_at(answer, "/account") or "",
        label=text_at(answer, "/as") or "",
        content=answer.get("data"),
        empty=note is not None,
        note=note,
    )
