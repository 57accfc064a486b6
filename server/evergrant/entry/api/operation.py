"""What a route of `/v1` says of itself when it is made: all that the API's document tells of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.api.body import Body
from evergrant.entry.api.problem import open_ended
from evergrant.entry.api.query import Query
from evergrant.model.json import JsonObject

Endpoint = Callable[[Request], Awaitable[Response]]


class Given(BaseModel):
    """Base of answers. Ours have no members that their model lacks; clients allow for some to come, so the document
    does not forbid them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra=open_ended)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Every route answers 400, 401, 403, 429 and 503 as problems, one that takes a body 413 and 415, and one that honours
    an Idempotency-Key 409 and 422; `errors` are those that it has beside them.
    """

    summary: str
    gives: type[BaseModel]
    """What a success is, as a rule a Given."""
    tag: str
    status: int = 200
    """Of a success."""
    takes: type[Body] | None = None
    query: type[Query] = Query
    errors: tuple[int, ...] = ()
    detail: str = ""
    """What a caller has to know beside the summary, in CommonMark."""
    example: JsonObject | None = field(default=None, hash=False)
    """Of the body."""
    repeatable: bool = False
    """Of a POST: whether doing it twice is the same as once, so that no Idempotency-Key is looked at."""

    def honours_key(self, method: str) -> bool:
        """Whether a request is done once under its Idempotency-Key."""
        return method == "POST" and not self.repeatable


class Described(Route):
    """A route of `/v1` with what it says of itself."""

    def __init__(self, path: str, method: str, answer: Endpoint, *, operation: Operation, scope: str) -> None:
        super().__init__(path, answer, methods=[method])
        self.method, self.operation, self.bearer_scope = method, operation, scope
