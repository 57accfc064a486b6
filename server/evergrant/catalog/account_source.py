"""Where the values of an account come from, and who it is: the look-ups that a connector declares."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from evergrant.catalog.declaration import Declaration, Pointer, Regex

SubjectPart = Annotated[str, StringConstraints(pattern=r"^(?:(?:/[^/]*)*|\{account\.[a-z_]+\})$")]
"""A pointer into the answer, or a value of the account: one person at two sites is two accounts."""


class _WithPattern(Declaration):
    pattern: Regex
    """What the whole value must look like."""


class Identity(Declaration):
    """Who an account is: which values pin the person, and which one a person recognises."""

    request: Annotated[str, Field(pattern=r"^(GET|POST) \S+$")] | None = None
    """None where the token endpoint's answer tells."""
    body: JsonValue = None
    subject: tuple[SubjectPart, ...] = Field(min_length=1)
    label: tuple[SubjectPart, ...] = Field(min_length=1)


class FromToken(_WithPattern):
    """Taken from the token endpoint's answer, at every exchange."""

    from_: Literal["token"] = Field(alias="from")
    path: Pointer


class FromUser(_WithPattern):
    """Asked of the user before the browser opens."""

    from_: Literal["user"] = Field(alias="from")
    title: str
    default: str | None = None
    optional: bool = False
    """Whether an account may do without it."""


class FromRequest(_WithPattern):
    """Looked up with the new token, once, right after the grant."""

    from_: Literal["request"] = Field(alias="from")
    request: Annotated[str, Field(pattern=r"^(GET|POST) https://\S+$")]
    body: JsonValue = None
    among: Pointer | None = None
    """Where the answer lists what there is to choose from; `path` then points into the one that is chosen."""
    match: dict[Pointer, str] = {}
    """What the chosen one has: texts with `{account.x}`, each of which counts where the account has that value."""
    name: Pointer = ""
    """What a person calls one of them, for the question which one is meant."""
    path: Pointer


AccountValue = Annotated[FromToken | FromUser | FromRequest, Field(discriminator="from_")]


def addresses(identity: Identity | None, account: Mapping[str, AccountValue]) -> Iterator[str]:
    """The addresses that look-ups ask."""
    requests = [identity.request if identity else None]
    requests += [value.request for value in account.values() if isinstance(value, FromRequest)]
    yield from (request.partition(" ")[2] for request in requests if request)
