"""Who an account is: the operation that tells whose credential it is, where the document has one."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evergrant.making.document import Document, Operation
from evergrant.making.parts import mapping, text
from evergrant.making.plain import plain
from evergrant.model.json import Json

ME = re.compile(
    r"/(?:me|user|self|whoami|current[-_]?user|current|users?/(?:me|current|self|@me)|account|accounts?/(?:me|current)|"
    r"profile|authenticated|token(?:/info)?|auth[./]test|userinfo|myself|viewer)$",
    re.IGNORECASE,
)
SUBJECTS = ("id", "gid", "uuid", "user_id", "account_id", "sub", "login", "username", "email")
LABELS = ("email", "login", "username", "name", "display_name", "displayName", "title", "id")
ENVELOPES = ("", "data", "user", "account", "result")
OWN_NAME: Json = {"from": "user", "title": "What you call this account", "pattern": r"[^\s].{0,99}", "default": "me"}


@dataclass(frozen=True, slots=True)
class Who:
    """The identity of a connector's accounts, and the values that it takes."""

    keys: Mapping[str, Json]
    account: Mapping[str, Json]
    is_told: bool
    """Whether the service says it; else the person does."""


def who(document: Document, operations: Iterable[Operation], base_url: str) -> Who:
    """Asks the document's own operation of that kind; else the person, and any call that needs no input."""
    readable = [each for each in operations if _is_free(each)]
    found = sorted((each for each in readable if ME.search(each.path)), key=lambda each: len(each.path))
    for operation in found:
        subject, label = _pointers(document, operation)
        if subject:
            request = f"GET {operation.base_url or base_url}{operation.path}"
            return Who({"request": request, "subject": [subject], "label": label}, {}, is_told=True)
    probe = min([*found, *readable], key=lambda each: (not ME.search(each.path), len(each.path)), default=None)
    asked = f"GET {(probe.base_url if probe else None) or base_url}{probe.path if probe else '/'}"
    keys: dict[str, Json] = {"request": asked, "subject": ["{account.person}"], "label": ["/email", "/name"]}
    return Who(keys, {"person": OWN_NAME}, is_told=False)


def _is_free(operation: Operation) -> bool:
    """Whether it reads JSON and needs nothing to be given."""
    needs = "{" in operation.path or any(each.required for each in operation.parameters)
    is_read = operation.method == "GET" and operation.answer.kind in ("json", "unknown")
    return is_read and not needs and not operation.obstacle and re.fullmatch(r"/[\w./@:-]*", operation.path) is not None


def _pointers(document: Document, operation: Operation) -> tuple[str | None, Sequence[str]]:
    whole = plain(document.references, operation.answer.schema)
    for envelope in ENVELOPES:
        found = plain(document.references, mapping(whole.get("properties")).get(envelope)) if envelope else whole
        members = mapping(found.get("properties"))
        place = f"/{envelope}" if envelope else ""
        kinds = {name: text(plain(document.references, each).get("type")) for name, each in members.items()}
        there = [name for name in SUBJECTS if kinds.get(name) in ("string", "integer")]
        if there:
            labels = [f"{place}/{name}" for name in LABELS if kinds.get(name) in ("string", "integer")][:2]
            return f"{place}/{there[0]}", labels or [f"{place}/{there[0]}"]
    return None, ()
