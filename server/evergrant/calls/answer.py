"""Read a provider's answer: a result, or one of the few ways a call can fail. Never from a part of a text."""

import re
from collections.abc import Mapping

import httpx2

from evergrant.calls.refusal import Refusal, failure
from evergrant.catalog.connector import Connector
from evergrant.catalog.errors import ErrorClass, api_defaults
from evergrant.catalog.tool import Tool
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json, at
from evergrant.model.outcome import Outcome, Result
from evergrant.model.text import plain
from evergrant.wire import parse_json, retry_after

LONGEST_CODE = 80
LONGEST_MESSAGE = 300
BEARER_ERROR = re.compile(r'\berror="?([a-z_]+)"?')


def read(
    connector: Connector, tool: Tool, account: ConnectedAccount, response: httpx2.Response, body: bytes
) -> Outcome:
    """What the answer says, for the account that asked."""
    is_json, value = parse_json(body)
    refusal = _refusal(connector, tool, response, is_json, value)
    return _result(tool, account, value) if refusal is None else failure(connector, tool, account, refusal)


def _refusal(connector: Connector, tool: Tool, response: httpx2.Response, is_json: bool, value: Json) -> Refusal | None:
    table, status = connector.errors.api, response.status_code
    graphql_failed = tool.graphql is not None and bool(at(value, "/errors"))
    if response.is_success and is_json and not graphql_failed and not table.failed(status, value):
        return None
    bearer = _bearer_error(response)
    return Refusal(
        class_=class_of(connector, response, is_json, value),
        status=status,
        code=_shown(table.code_of(value), LONGEST_CODE),
        message=_shown(table.message_of(value), LONGEST_MESSAGE),
        retry_after_s=retry_after(response),
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


def _result(tool: Tool, account: ConnectedAccount, value: Json) -> Result:
    content = at(value, tool.result)
    rows = at(content, tool.items) if tool.items is not None else content
    empty = rows is None or rows in ([], {}, "")
    no_data = f"The query ran as {account.label} and matched nothing." if tool.effect == "read" else None
    done = f"Done as {account.label}; the provider sends nothing back for this." if tool.effect != "read" else None
    return Result(
        account=account.id, label=account.label, content=content, empty=empty, note=(no_data or done) if empty else None
    )
