"""What an account's tokens come with: values such as an API host, and who the person is."""

import re
from collections.abc import Mapping

from evergrant.catalog.account_source import FromRequest, FromToken, FromUser, Identity
from evergrant.catalog.account_value import ACCOUNT_VALUE, LONGEST, BadAccountValue
from evergrant.catalog.connector import Connector
from evergrant.model.json import Json, at, text_at
from evergrant.model.text import plain

LONGEST_LABEL = 200
MOST_SHOWN = 10


def from_user(connector: Connector, given: Mapping[str, str]) -> dict[str, str]:
    """The values that the user gives before the consent, defaults filled in; raises BadAccountValue."""
    asked = {name: value for name, value in connector.account.items() if isinstance(value, FromUser)}
    if unknown := set(given) - set(asked):
        raise BadAccountValue(f"{connector.name} takes no value {', '.join(sorted(unknown))}; it takes {_list(asked)}.")
    values = {name: given.get(name, value.default) for name, value in asked.items()}
    for name, text in values.items():
        if text is None and asked[name].optional:
            continue
        if text is None:
            raise BadAccountValue(f"{connector.name} needs a value: --set {name}=... ({asked[name].title})")
        _check(name, text, asked[name].pattern)
        connector.check_value(name, text)
    return {name: text for name, text in values.items() if text is not None}


def from_token(connector: Connector, body: Json) -> dict[str, str]:
    """The values that a token answer carries; raises BadAccountValue for one that fits no pattern."""
    wanted = {name: value for name, value in connector.account.items() if isinstance(value, FromToken)}
    found = {name: text for name, value in wanted.items() if (text := text_at(body, value.path))}
    for name, text in found.items():
        _check(name, text, wanted[name].pattern)
        connector.check_value(name, text)
    return found


def from_request(name: str, value: FromRequest, body: Json, values: Mapping[str, str]) -> str:
    """The value in the answer to its look-up, for an account with these others; raises BadAccountValue."""
    text = text_at(_chosen(name, value, body, values) if value.among is not None else body, value.path)
    if text is None:
        raise BadAccountValue(f"the provider names no {name} for this account")
    return _check(name, text, value.pattern)


def _chosen(name: str, value: FromRequest, body: Json, values: Mapping[str, str]) -> Json:
    """The one of a list that is meant; it need not be said where there is but one."""
    listed = at(body, value.among or "")
    every: list[Json] = list(listed) if isinstance(listed, list) else []
    wanted = {
        pointer: ACCOUNT_VALUE.sub(lambda slot: values.get(slot[1], ""), text)
        for pointer, text in value.match.items()
        if all(slot in values for slot in ACCOUNT_VALUE.findall(text))
    }
    fitting = [each for each in every if all(text_at(each, pointer) == text for pointer, text in wanted.items())]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(plain(text_at(each, value.name) or "?", LONGEST_LABEL) for each in every[:MOST_SHOWN])
    asked = ", ".join(sorted({slot for text in value.match.values() for slot in ACCOUNT_VALUE.findall(text)}))
    how = f" Say which: --set {asked}=..." if asked else ""
    raise BadAccountValue(
        f"{'none' if not fitting else 'more than one'} fits {name}; there are: {known or 'none'}.{how}"
    )


def subject_and_label(identity: Identity, body: Json, values: Mapping[str, str]) -> tuple[str, str] | None:
    """What pins the person, and what a person recognises; None where the answer lacks a part of the first."""
    parts = [_part(each, body, values) for each in identity.subject]
    if not all(parts):
        return None
    subject = ":".join(part for part in parts if part)
    labels = (plain(_part(each, body, values) or "", LONGEST_LABEL) for each in identity.label)
    return subject, next(filter(None, labels), plain(subject, LONGEST_LABEL))


def _part(part: str, body: Json, values: Mapping[str, str]) -> str | None:
    of_account = ACCOUNT_VALUE.fullmatch(part)
    if of_account:
        return values.get(of_account[1])
    found = at(body, part)
    # A flag pins too: test mode and live mode of one account are two.
    return str(found).lower() if isinstance(found, bool) else text_at(body, part)


def _check(name: str, text: str, pattern: str) -> str:
    if len(text) > LONGEST or not re.fullmatch(pattern, text):
        raise BadAccountValue(f"{name} does not look right: {text[:100]!r} (expected {pattern})")
    return text


def _list(names: Mapping[str, object]) -> str:
    return ", ".join(names) or "none"
