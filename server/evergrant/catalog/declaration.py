"""What every declaration shares: frozen, strict, unknown keys refused."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Declaration(BaseModel):
    """A value read from a connector's file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


Pointer = Annotated[str, StringConstraints(pattern=r"^(/[^/]*)*$")]
"""An RFC 6901 JSON pointer; "" is the whole value."""
HttpUrl = Annotated[
    str,
    StringConstraints(
        pattern=r"^(https://[^\s]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/\S*)?|\{account\.[a-z_]+\}\S*)$"
    ),
]
"""An https URL, a loopback http URL, or one whose origin is an account value (`{account.instance_url}`)."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return pattern


Regex = Annotated[str, AfterValidator(_compiles)]
"""A regular expression, which the whole of a text must fit."""


class DeclarationError(Exception):
    """A connector's file cannot be used.

    The message names the file, the line and what is wrong: `connectors/x.yaml:7: oauth.token_endpoint: ...`.
    """
