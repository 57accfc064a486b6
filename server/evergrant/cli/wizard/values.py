"""What a service asks of the person before the browser opens: its shop, its site, its region."""

import re
from collections.abc import Mapping

from evergrant.catalog.account_source import FromUser
from evergrant.catalog.account_value import BadAccountValue
from evergrant.catalog.connector import Connector
from evergrant.cli.wizard import words
from evergrant.cli.wizard.terminal import Person
from evergrant.service.pasting import cleaned


def defaults(connector: Connector) -> dict[str, str]:
    """What is taken where nobody says otherwise."""
    asked = {name: value for name, value in connector.account.items() if isinstance(value, FromUser)}
    return {name: value.default for name, value in asked.items() if value.default is not None}


def answered(
    person: Person, connector: Connector, given: Mapping[str, str], former: Mapping[str, str]
) -> dict[str, str]:
    """The values that were given, with those without which an account cannot be; `former` are offered again."""
    values = dict(given)
    for name, value in connector.account.items():
        if not isinstance(value, FromUser) or name in values:
            continue
        if value.default is not None or value.optional:
            continue
        values[name] = _ask(person, connector, name, value, former.get(name))
    return values


def _ask(person: Person, connector: Connector, name: str, value: FromUser, former: str | None) -> str:
    while True:
        text = cleaned(person.asked(words.question(value.title, former))) or former or ""
        if (wrong := _fault(connector, name, value, text)) is None:
            return text
        person.told(wrong)


def _fault(connector: Connector, name: str, value: FromUser, text: str) -> str | None:
    if not re.fullmatch(value.pattern, text):
        return words.value_unlike(value.title, value.pattern)
    try:
        connector.check_value(name, text)
    except BadAccountValue as error:
        return str(error)
    return None
