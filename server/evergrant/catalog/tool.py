"""A tool: one declared call of a connector. Input schema -> request -> outcome."""

import re
from functools import cached_property
from typing import Annotated, Literal

from jsonschema import Draft202012Validator
from pydantic import Field, JsonValue, StringConstraints, model_validator

from evergrant.catalog.connector import Encoding
from evergrant.catalog.declaration import Declaration, Pointer
from evergrant.model.json import Json

Effect = Literal["read", "write", "destroy"]
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$", max_length=48)]


class Tool(Declaration):
    """One call that an agent can make."""

    description: Annotated[str, Field(min_length=20, max_length=600)]
    request: Annotated[str, Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /\S*$")]
    effect: Effect
    idempotent: bool = False
    scopes: tuple[str, ...] = ()
    tier: Literal["core", "extended"] = "core"
    input: dict[str, dict[str, JsonValue]]
    required: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    query: JsonValue = None
    body: JsonValue = None
    graphql: str | None = None
    encoding: Encoding | None = None
    result: Pointer = ""
    items: Pointer | None = None
    output: dict[str, JsonValue] | None = None
    example: dict[str, JsonValue]

    @model_validator(mode="after")
    def _names_agree(self) -> "Tool":
        used = set(PLACEHOLDER.findall(self.path)) | names(self.query) | names(self.body)
        if unknown := (used | set(self.required) | set(self.example)) - set(self.input):
            raise ValueError(f"not an input: {', '.join(sorted(unknown))}")
        if missing := set(PLACEHOLDER.findall(self.path)) - set(self.required):
            raise ValueError(f"in the path, so it must be required: {', '.join(sorted(missing))}")
        return self

    @property
    def method(self) -> str:
        return self.request.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.request.partition(" ")[2]

    @cached_property
    def validator(self) -> Draft202012Validator:
        """Of the input; made at the tool's first call."""
        return Draft202012Validator(self.input_schema)

    @property
    def input_schema(self) -> dict[str, JsonValue]:
        """The JSON Schema (2020-12) of the whole input."""
        return {
            "type": "object",
            "properties": dict(self.input),
            "required": list(self.required),
            "additionalProperties": False,
        }


def names(template: Json) -> set[str]:
    """The inputs that a template uses."""
    match template:
        case str() if template.startswith("$"):
            return {template[1:]}
        case dict():
            return set[str]().union(*map(names, template.values()))
        case list():
            return set[str]().union(*map(names, template))
        case _:
            return set()
