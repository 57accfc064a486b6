"""A token endpoint's answer (RFC 6749 5.1, 5.2) read as either an issued grant or a refusal with its class."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final, TypeGuard
from urllib.parse import parse_qsl

import httpx2

from evergrant.catalog.connector import Connector, TokenAnswer
from evergrant.catalog.errors import ErrorClass, ErrorTable, token_defaults
from evergrant.model.clock import from_epoch
from evergrant.model.json import Json, at, text_at
from evergrant.model.secret import Secret
from evergrant.model.text import plain
from evergrant.wire import parse_json, retry_after

LONGEST_LIFE = timedelta(days=3650)
VSCHAR = re.compile(r"[\x20-\x7e]+")
LONGEST_CODE = 80
LONGEST_MESSAGE = 300
MOST_FIELDS = 100


class Silent(Enum):
    """The type of `SILENT`: the answer does not say."""

    SILENT = "silent"


SILENT: Final = Silent.SILENT


@dataclass(frozen=True, slots=True)
class Issued:
    """The tokens and what was said about them."""

    access_token: Secret
    refresh_token: Secret | None
    """None where the answer had none: the one in hand goes on (RFC 6749 6)."""
    issued_at: datetime
    expires_at: datetime | None
    end_stated: bool
    """Whether the answer itself says when the access token ends."""
    refresh_expires_at: datetime | None
    """When the refresh token ends; None where the answer is silent."""
    scopes: tuple[str, ...] | None
    """None where the answer is silent: as requested (RFC 6749 5.1)."""
    body: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """No tokens, and what that says about the grant."""

    class_: ErrorClass
    code: str | None
    message: str | None
    retry_after_s: float | None = None
    may_be_spent: bool = False
    """Whether the server may have processed the request all the same."""


def read_answer(connector: Connector, response: httpx2.Response, body: bytes, sent_at: datetime) -> Issued | Rejected:
    """What the answer says; `sent_at`, the time of the request, is where the tokens' life begins."""
    is_json, value = _value(response, body)
    table = connector.errors.token
    if is_json and not table.failed(response.status_code, value) and not text_at(value, "/error"):
        access = text_at(value, connector.oauth.answer.access_token)
        refresh = text_at(value, connector.oauth.answer.refresh_token) or None
        if response.is_success and _is_token(access) and (refresh is None or _is_token(refresh)):
            return _issued(connector, connector.oauth.answer, value, access, sent_at)
    return _rejected(table, response, value)


def _is_token(text: str | None) -> TypeGuard[str]:
    """RFC 6749 A.12: visible ASCII; anything else would break the header that it is to stand in."""
    return text is not None and VSCHAR.fullmatch(text) is not None


def further(connector: Connector, issued: Issued) -> dict[str, Issued]:
    """The other credentials that the same answer brings, by name; one that the person did not grant is missing."""
    found: dict[str, Issued] = {}
    for name, credential in connector.oauth.credentials.items():
        access = text_at(issued.body, credential.answer.access_token)
        if _is_token(access):
            found[name] = _issued(connector, credential.answer, issued.body, access, issued.issued_at)
    return found


def _issued(connector: Connector, names: TokenAnswer, value: Json, access: str, sent_at: datetime) -> Issued:
    refresh = text_at(value, names.refresh_token)
    end = _stated_end(names, value, sent_at, renewable=bool(refresh))
    return Issued(
        access_token=Secret(access),
        refresh_token=Secret(refresh) if refresh else None,
        issued_at=sent_at,
        expires_at=_prior(connector, sent_at) if end is SILENT else end,
        end_stated=end is not SILENT,
        refresh_expires_at=_refresh_end(names, value, sent_at),
        scopes=_scopes(at(value, names.scope), names.scope_separator),
        body=value,
    )


def _scopes(value: Json, separator: str) -> tuple[str, ...] | None:
    """Scopes from a text (RFC 6749 3.3) or a list (HubSpot)."""
    if isinstance(value, str):
        return tuple(part for part in value.split(separator) if part)
    return tuple(map(str, value)) if isinstance(value, Sequence) else None


def _stated_end(names: TokenAnswer, value: Json, sent_at: datetime, *, renewable: bool) -> datetime | Silent | None:
    """The end of the access token's life as the answer has it; None where it says that there is none."""
    seconds = _number(at(value, names.expires_in))
    if seconds == 0 and not renewable:
        return None
    if seconds is not None and seconds > 0:
        return sent_at + timedelta(seconds=min(seconds, LONGEST_LIFE.total_seconds()))
    stated = moment(at(value, names.expires_at))
    if stated is not None and stated > sent_at:
        return min(stated, sent_at + LONGEST_LIFE)
    return SILENT


def _refresh_end(names: TokenAnswer, value: Json, sent_at: datetime) -> datetime | None:
    """Google says so for clients in status Testing, GitHub and LinkedIn always; 0 and nonsense are silence."""
    seconds = _number(at(value, names.refresh_token_expires_in))
    return sent_at + timedelta(seconds=min(seconds, LONGEST_LIFE.total_seconds())) if seconds else None


def _prior(connector: Connector, sent_at: datetime) -> datetime | None:
    """The end that the connector's table expects; None where it knows none."""
    prior = connector.grant.access_token_ttl_s
    return sent_at + timedelta(seconds=prior) if prior else None


def _number(value: Json) -> float | None:
    """A number, also one in a string (RFC 6749 says number; some servers send text)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 1e15 else None


def moment(value: Json) -> datetime | None:
    """A time from epoch seconds, epoch milliseconds or ISO 8601 with an offset; in UTC."""
    try:
        if (seconds := _number(value)) is not None:
            return from_epoch(seconds / 1000 if seconds > 1e11 else seconds)
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _rejected(table: ErrorTable, response: httpx2.Response, value: Json) -> Rejected:
    defaults = token_defaults()
    code = plain(table.code_of(value) or defaults.code_of(value) or "", LONGEST_CODE) or None
    status, headers = response.status_code, response.headers
    found = table.classify(status, headers, value) or defaults.classify(status, headers, value)
    class_: ErrorClass = found or "transient"
    # A refusal in so many words, with a 4xx, was not carried out; everything else may have been.
    in_words = code is not None and 400 <= status < 500
    return Rejected(
        class_=class_,
        code=code or f"http_{status}",
        message=plain(table.message_of(value) or defaults.message_of(value) or "", LONGEST_MESSAGE) or None,
        retry_after_s=retry_after(response),
        may_be_spent=class_ == "transient" and not in_words,
    )


def _value(response: httpx2.Response, body: bytes) -> tuple[bool, Json]:
    if response.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return _form(body)
    return parse_json(body)


def _form(body: bytes) -> tuple[bool, Json]:
    try:
        return True, dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError:
        return False, None
