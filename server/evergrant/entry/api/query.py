"""What a request to `/v1` asks in its address: parameters that fit what the route takes."""

import re
from typing import TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from starlette.requests import Request

from evergrant.entry.api.problem import BadRequest

MOST_DIGITS = 15
"""Every number that is written so is kept by every reader of JSON."""


class Query(BaseModel):
    """Base of queries. Its fields are texts, Literals of texts, or what the validators below make of a text."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _number(text: object) -> object:
    if isinstance(text, str) and not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise ValueError("write digits only")
    return text


def _flag(text: object) -> object:
    if isinstance(text, str) and text not in ("true", "false"):
        raise ValueError("write true or false")
    return text


def _names(text: object) -> object:
    return tuple(name for name in text.split(",") if name) if isinstance(text, str) else text


def _moment(text: object) -> object:
    """A number would be taken for seconds since 1970, which no document of ours tells of."""
    if isinstance(text, str) and not re.match(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("a time is written as 2026-05-25T10:00:00Z")
    return text


DIGITS = BeforeValidator(_number)
"""Behind the bounds of a number: `Annotated[int, Field(ge=1, le=100), DIGITS]`."""
FLAG = BeforeValidator(_flag)
"""`Annotated[bool, FLAG]`: `true` or `false`."""
MOMENT = BeforeValidator(_moment)
"""`Annotated[AwareDatetime | None, MOMENT]`: RFC 3339."""
NAMES = BeforeValidator(_names)
"""`Annotated[tuple[EventType, ...], NAMES]`: with commas between."""

QueryT = TypeVar("QueryT", bound=Query)


def query_of(request: Request, kind: type[QueryT]) -> QueryT:
    """The request's query; raises BadRequest, which names the parameter that is wrong and never what stands there."""
    given = request.query_params.multi_items()
    named = dict(given)
    if len(named) < len(given):
        raise BadRequest("A query parameter stands there twice.", "Write each of them once.")
    try:
        return kind.model_validate(named)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "extra_forbidden":
            taken = ", ".join(kind.model_fields) or "none"
            raise BadRequest("There is no such query parameter here.", f"This address takes: {taken}.") from None
        said = first["msg"].removeprefix("Value error, ")
        wrong = f"The query parameter {first['loc'][0]} does not fit: {said}."
        raise BadRequest(wrong, "Correct it, or leave it out where it may be.") from None
