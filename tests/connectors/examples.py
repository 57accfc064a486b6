"""The files of examples, `tests/connectors/<connector>.yaml`, as values.

Each tool's name has a list of cases; `errors` has the answers that the error tables must tell apart.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import httpx2
from pydantic import Field, JsonValue, TypeAdapter
from tests.oauth.samples import ROOT

from evergrant.catalog.declaration import Declaration, Pointer
from evergrant.catalog.errors import ErrorClass
from evergrant.catalog.reading import parse, read

HERE = Path(__file__).parent
Where = Literal["token", "api"]
WHERES: Final[tuple[Where, ...]] = ("token", "api")


class Answer(Declaration):
    status: int
    json_: JsonValue = Field(None, alias="json")
    text: str | None = None
    headers: dict[str, str] = {}

    def response(self) -> httpx2.Response:
        if self.text is not None:
            return httpx2.Response(self.status, text=self.text, headers=self.headers)
        content = json.dumps(self.json_).encode() if "json_" in self.model_fields_set else b""
        return httpx2.Response(self.status, content=content, headers=self.headers)


class Request(Declaration):
    """What must be sent. `decoded` gives the text of base64url members of the JSON, each in place of its pointer."""

    method: str
    url: str
    json_: JsonValue = Field(None, alias="json")
    form: dict[str, str] = {}
    headers: dict[str, str] = {}
    decoded: dict[Pointer, str] = {}
    contains: tuple[str, ...] = ()
    """Pieces of a body that is neither JSON nor a form, in this order."""


class Exchange(Declaration):
    """One request of a call that takes several, with its answer."""

    request: Request
    answer: Answer


class Expected(Declaration):
    code: str
    empty: bool = False
    data: JsonValue = None
    retry_after_s: float | None = None
    provider_code: str | None = None


class Case(Declaration):
    input: dict[str, JsonValue] | None = None
    account: dict[str, str] = {}
    request: Request | None = None
    answer: Answer | None = None
    exchanges: tuple[Exchange, ...] = ()
    """In place of one request and answer."""
    outcome: Expected

    def steps(self) -> Sequence[tuple[Request | None, Answer]]:
        if self.exchanges:
            return [(each.request, each.answer) for each in self.exchanges]
        assert self.answer is not None, "an example has an answer, or exchanges"
        return [(self.request, self.answer)]


class ErrorCase(Declaration):
    answer: Answer
    class_: ErrorClass = Field(alias="class")


class Examples:
    """The file of one connector; what it extends has a file too, whose errors it need not repeat."""

    def __init__(self, connector: str) -> None:
        file = HERE / f"{connector}.yaml"
        data = read(file)
        errors = parse(TypeAdapter(dict[Where, tuple[ErrorCase, ...]]), data.pop("errors", {}), file)
        parent = read(ROOT / "connectors" / f"{connector}.yaml").get("extends")
        inherited = Examples(str(parent)).errors if parent else {}
        self.errors: dict[Where, tuple[ErrorCase, ...]] = {
            where: (*inherited.get(where, ()), *errors.get(where, ())) for where in WHERES
        }
        self.tools = parse(TypeAdapter(dict[str, tuple[Case, ...]]), data, file)
