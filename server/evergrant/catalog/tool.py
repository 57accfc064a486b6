"""A tool: one declared call of a connector. Input schema -> request -> outcome."""

import re
from functools import cached_property
from typing import Annotated, Literal

from jsonschema import Draft202012Validator
from pydantic import Field, JsonValue, StringConstraints, model_validator

from evergrant.catalog.connector import Encoding
from evergrant.catalog.declaration import Declaration, Pointer
from evergrant.model.account import DEFAULT_CREDENTIAL
from evergrant.model.json import Json

CODECS = frozenset({"mime", "adf", "bytes"})
"""The named pure functions of `calls.codecs`, which a test compares."""
Effect = Literal["read", "write", "destroy"]
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$", max_length=48)]


class Tool(Declaration):
    """One call that an agent can make."""

    description: Annotated[str, Field(min_length=20, max_length=600)]
    request: Annotated[str, Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /\S*$")]
    effect: Effect
    idempotent: bool = False
    idempotency_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    """The header by which the provider knows a write again that it has carried out, and answers as it did then."""
    scopes: tuple[str, ...] = ()
    tier: Literal["core", "extended"] = "core"
    input: dict[str, dict[str, JsonValue]]
    required: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    query: JsonValue = None
    body: JsonValue = None
    graphql: str | None = None
    encoding: Encoding | None = None
    credential: str = DEFAULT_CREDENTIAL
    """Which of the account's grants signs the call."""
    result: Pointer = ""
    items: Pointer | None = None
    output: dict[str, JsonValue] | None = None
    example: dict[str, JsonValue]

    @model_validator(mode="after")
    def _names_agree(self) -> "Tool":
        used = set(PLACEHOLDER.findall(self.path)) | names(self.query) | names(self.body)
        if unknown := (used | set(self.required) | set(self.example)) - set(self.input):
            raise ValueError(f"not an input: {', '.join(sorted(unknown))}")
        if stray := codec_names(self.query) | codec_names(self.body):
            raise ValueError(f"no such codec: {', '.join(sorted(stray))}; there are {', '.join(sorted(CODECS))}")
        if self.body is not None and self.method not in ("GET", "DELETE") and (idle := set(self.input) - used):
            raise ValueError(f"named neither in the path nor in query or body: {', '.join(sorted(idle))}")
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


def codec_names(template: Json) -> set[str]:
    """The codecs that a template calls and that do not exist."""
    match template:
        case dict():
            only = next(iter(template)) if len(template) == 1 else ""
            here = {only[1:]} - CODECS if only.startswith("$") else set[str]()
            return here.union(*map(codec_names, template.values()))
        case list():
            return set[str]().union(*map(codec_names, template))
        case _:
            return set()


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
