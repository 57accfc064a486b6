"""Parameters of OAuth requests."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request

from evergrant.sandbox.refusal import Refusal


def single(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters that have a value. Raises Refusal for one that is repeated (RFC 6749 section 3.1 and 3.2)."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise Refusal("invalid_request", f"{name} is repeated.")
        values[name] = value
    return {name: value for name, value in values.items() if value}


async def form(request: Request) -> dict[str, str]:
    """The parameters of a form body. Raises Refusal for another content type or a repeated parameter."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refusal("invalid_request", "The body must be application/x-www-form-urlencoded.")
    return single(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def required(values: dict[str, str], name: str) -> str:
    """The value of a parameter. Raises Refusal when it is missing."""
    if name not in values:
        raise Refusal("invalid_request", f"{name} is missing.")
    return values[name]
