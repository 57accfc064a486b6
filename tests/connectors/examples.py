"""The files of examples, `tests/connectors/<connector>.yaml`, as values.

Each tool's name has a list of cases; `errors` has the answers that the error tables must tell apart.
"""

import json
from pathlib import Path
from typing import Literal

import httpx2
from pydantic import Field, JsonValue, TypeAdapter

from evergrant.catalog.declaration import Declaration
from evergrant.catalog.errors import ErrorClass
from evergrant.catalog.reading import parse, read

HERE = Path(__file__).parent
Where = Literal["token", "api"]


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
    method: str
    url: str
    json_: JsonValue = Field(None, alias="json")
    form: dict[str, str] = {}
    headers: dict[str, str] = {}


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
    answer: Answer
    outcome: Expected


class ErrorCase(Declaration):
    answer: Answer
    class_: ErrorClass = Field(alias="class")


class Examples:
    """The file of one connector."""

    def __init__(self, connector: str) -> None:
        file = HERE / f"{connector}.yaml"
        data = read(file)
        self.errors = parse(TypeAdapter(dict[Where, tuple[ErrorCase, ...]]), data.pop("errors"), file)
        self.tools = parse(TypeAdapter(dict[str, tuple[Case, ...]]), data, file)
