"""Read a provider's answer: a result, or one of the few ways a call can fail. Never from a part of a text."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import httpx2

from evergrant.calls.refusal import Refusal, failure
from evergrant.calls.template import shaped
from evergrant.calls.waiting import wait_s
from evergrant.catalog.connector import Connector
from evergrant.catalog.errors import ErrorClass, api_defaults
from evergrant.catalog.request import RequestTemplate
from evergrant.catalog.tool import DETAILED, Tool
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json, JsonObject, at
from evergrant.model.outcome import Outcome, Result
from evergrant.model.text import plain
from evergrant.wire import parse_json

LONGEST_CODE = 80
LONGEST_MESSAGE = 300
BEARER_ERROR = re.compile(r'\berror="?([a-z_]+)"?')


@dataclass(frozen=True)
class Answer:
    """A provider's answer with its decoded body."""

    response: httpx2.Response
    body: bytes

    @cached_property
    def json(self) -> tuple[bool, Json]:
        """Whether the body is JSON, and its value; read once."""
        return parse_json(self.body)


def read(
    connector: Connector, tool: Tool, account: ConnectedAccount, response: httpx2.Response, body: bytes
) -> Outcome:
    """What the answer says, for the account that asked; of a list, its first page."""
    answer = Answer(response, body)
    if refusal := refusal_in(connector, tool, answer):
        return failure(connector, tool, account, refusal)
    content = content_of(connector, tool, answer)
    return result(tool, account, part_of(tool, content, {}))


def refusal_in(connector: Connector, asked: RequestTemplate, answer: Answer) -> Refusal | None:
    """What speaks against the answer to one of a tool's requests; None where it is a good one."""
    is_json, value = answer.json if asked.answer == "json" or not answer.response.is_success else (True, None)
    return _refusal(connector, asked, answer.response, is_json, value)


def content_of(connector: Connector, asked: RequestTemplate, answer: Answer) -> Json:
    """The whole of a good answer, without the connector's noise."""
    body = answer.body
    content_type = answer.response.headers.get("Content-Type", "").partition(";")[0].strip()
    match asked.answer:
        case "json":
            return connector.without_noise(answer.json[1])
        case "text":
            return {"type": content_type, "text": body.decode("utf-8", "replace")} if body else None
        case "bytes":
            return _bytes(content_type, body)
        case "file":
            text = _text(body)
            return _bytes(content_type, body) if text is None else {"type": content_type, "text": text}
        case "none":
            return None


def _bytes(content_type: str, body: bytes) -> Json:
    return {"type": content_type, "size": len(body), "base64": base64.b64encode(body).decode()}


def _text(body: bytes) -> str | None:
    """A file's text; None where it is none. A byte order mark is no part of it."""
    try:
        return None if b"\0" in body else body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def part_of(tool: Tool, content: Json, values: JsonObject) -> Json:
    """What is given back of a good answer: the result, shaped unless all is wanted."""
    found = at(content, tool.result)
    if is_listed(tool):
        return {"items": items_of(tool, found, values)}
    return found if found is None else given_back(tool, found, values)


def items_of(tool: Tool, found: Json, values: JsonObject) -> list[Json]:
    """The items of a result that is a list, or has one."""
    listed = at(found, tool.items or "")
    items = list(listed) if isinstance(listed, list) else []
    return [given_back(tool, item, values) for item in items]


def given_back(tool: Tool, item: Json, values: JsonObject) -> Json:
    """A result or one item of it, shaped unless all of it is wanted; the shape may name the call's values."""
    return item if tool.shape is None or values.get(DETAILED) is True else shaped(tool.shape, item, values)


def result(tool: Tool, account: ConnectedAccount, content: Json, more: str | None = None) -> Result:
    """The outcome; `more` is said of a list that is not whole."""
    rows = at(content, "/items" if is_listed(tool) else tool.items or "")
    empty = rows is None or rows in ([], {}, "")
    no_data = f"The query ran as {account.label} and matched nothing." if tool.effect == "read" else None
    done = f"Done as {account.label}; the provider sends nothing back for this." if tool.effect != "read" else None
    return Result(
        account=account.id,
        label=account.label,
        content=content,
        empty=empty,
        note=(no_data or done) if empty else more,
    )


def is_listed(tool: Tool) -> bool:
    """Whether what is given back is `{items, next_cursor}`: so it is for every list that is shaped or paged, and for
    answers to many requests."""
    return tool.each is not None or (tool.items is not None and (tool.pages is not None or tool.shape is not None))


def _refusal(
    connector: Connector, asked: RequestTemplate, response: httpx2.Response, is_json: bool, value: Json
) -> Refusal | None:
    table, status = connector.errors.api, response.status_code
    graphql_failed = asked.graphql is not None and bool(at(value, "/errors"))
    if response.is_success and is_json and not graphql_failed and not table.failed(status, value):
        return None
    bearer = _bearer_error(response)
    return Refusal(
        class_=class_of(connector, response, is_json, value),
        status=status,
        code=_shown(table.code_of(value), LONGEST_CODE),
        message=_shown(table.message_of(value), LONGEST_MESSAGE),
        retry_after_s=wait_s(connector.limits, response),
        scope_missing=table.lacks_scope(value) or (bearer == "insufficient_scope"),
    )


def class_of(connector: Connector, response: httpx2.Response, is_json: bool, value: Json) -> ErrorClass | None:
    """The class of a failed answer: by the connector's table, RFC 6750, the status; None is the provider's own."""
    by_table = connector.errors.api.classify(response.status_code, response.headers, value)
    return by_table or _bearer_class(_bearer_error(response)) or _default(response, is_json)


def _shown(text: str | None, longest: int) -> str | None:
    return plain(text, longest) or None if text else None


def _default(response: httpx2.Response, is_json: bool) -> ErrorClass | None:
    if response.is_success and not is_json:
        return "transient"  # a page of some proxy where the provider's JSON should be
    return api_defaults().classify(response.status_code, response.headers, None)


def _bearer_error(response: httpx2.Response) -> str | None:
    """RFC 6750 3, `error`."""
    found = BEARER_ERROR.search(response.headers.get("WWW-Authenticate", ""))
    return found[1] if found else None


def _bearer_class(error: str | None) -> ErrorClass | None:
    """RFC 6750 3.1."""
    known: Mapping[str | None, ErrorClass] = {"invalid_token": "refresh", "insufficient_scope": "permission"}
    return known.get(error)
