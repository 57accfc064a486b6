"""What a description of an API says, whichever language it is written in: OpenAPI, Swagger or Google Discovery."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evergrant.making.references import References
from evergrant.model.json import Json

Place = Literal["path", "query", "header"]
Style = Literal["repeat", "comma", "space", "pipe", "tab", "deep", "json"]
"""How a list or an object stands in a query: `repeat` names it again for each element, the next four join them."""
SEPARATORS: Mapping[str, str] = {"comma": ",", "space": " ", "pipe": "|", "tab": "\t"}
Encoding = Literal["json", "form", "multipart", "raw"]
AnswerKind = Literal["json", "text", "bytes", "none", "unknown"]


class BadDocument(Exception):
    """Nothing can be made of the document; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Obstacle(Exception):
    """Why one operation becomes no tool, and what to do about it."""

    reason: str
    do: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a request has in its path, query or head."""

    name: str
    place: Place
    required: bool
    schema: Json
    style: Style = "repeat"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries, and how it is written."""

    encoding: Encoding
    media_type: str
    schema: Json


@dataclass(frozen=True, slots=True)
class Answer:
    """What a good answer is."""

    kind: AnswerKind
    schema: Json = None
    has_links: bool = False
    """Whether it leads to the next page by a Link header (RFC 8288)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path."""

    id: str
    """As the document has it; may be empty."""
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    answer: Answer
    failures: tuple[Json, ...] = ()
    """Schemas of answers that say no."""
    security: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    """Alternatives, each of schemes with the scopes that they need; an empty one is no security at all."""
    tags: tuple[str, ...] = ()
    base_url: str | None = None
    """Where it lives, if not where the others do."""
    obstacle: Obstacle | None = None

    @property
    def title(self) -> str:
        """How a person names it."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to sign requests."""

    kind: Literal["authorization_code", "device_code", "client_credentials", "bearer", "header", "query", "basic"]
    title: str = ""
    parameter: str = ""
    """The header or query parameter of a key."""
    authorization_endpoint: str | None = None
    device_endpoint: str | None = None
    token_endpoint: str | None = None
    scopes: tuple[str, ...] = ()
    """All that there are."""


@dataclass(frozen=True, slots=True)
class Document:
    """The whole of a description."""

    kind: str
    """Such as `OpenAPI 3.1.0`."""
    title: str
    version: str
    description: str
    docs: str
    base_url: str
    """Empty where it says none; may have `{account.x}`."""
    operations: tuple[Operation, ...]
    references: References
    schemes: Mapping[str, Scheme] = field(default_factory=dict[str, Scheme])
    unusable: Mapping[str, str] = field(default_factory=dict[str, str])
    """Schemes that cannot be used, with the reason."""
    account: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """Values that the base URL asks of a person."""
    is_google: bool = False
    """Whether Google's own sign-in serves it."""
