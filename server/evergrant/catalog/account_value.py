"""The place of an account's value in a URL, `{account.x}`, and what may stand there.

A value is a whole origin, at the beginning of a URL, or a host, or a part of either that has no structure of its own.
So whatever a pattern lets through, a value cannot end the host that is written around it, nor climb in a path.
"""

import re
from collections.abc import Mapping

ACCOUNT_VALUE = re.compile(r"\{account\.([a-z_]+)\}")
LONGEST = 2048
_LABELS = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_]))*"
_HOST = rf"(?:{_LABELS}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?"
PART_OF_HOST = re.compile(_LABELS)
HOST = re.compile(_HOST)
ORIGIN = re.compile(rf"https?://{_HOST}(?:/(?!\.{{1,2}}(?:/|$))[A-Za-z0-9._~-]*)*")
SEGMENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~:-]+")
"""The unreserved characters of RFC 3986 2.3, and the colon of ids; not a dot segment."""


class BadAccountValue(ValueError):
    """A value that the user gave, or a provider sent, does not fit; the message says which and how it should look."""


def expand(url: str, account: Mapping[str, str]) -> str:
    """`url` with `{account.x}` filled; raises KeyError where the account has no such value, BadAccountValue."""
    return ACCOUNT_VALUE.sub(lambda match: _fit(match, account[match[1]]), url)


def check(url: str, name: str, text: str) -> None:
    """Raises BadAccountValue where the value `name` would not fit into `url`."""
    for match in ACCOUNT_VALUE.finditer(url):
        if match[1] == name:
            _fit(match, text)


def deciding(url: str) -> tuple[str, ...]:
    """The account values in the host or port of a declared URL: those that decide where a request goes."""
    whole = ACCOUNT_VALUE.match(url)
    authority = whole[0] if whole else re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    return tuple(ACCOUNT_VALUE.findall(authority))


def _fit(place: re.Match[str], text: str) -> str:
    if len(text) > LONGEST or not _shape(place).fullmatch(text):
        raise BadAccountValue(f"{place[1]} cannot be part of an address: {text[:100]!r}")
    return text


def _shape(place: re.Match[str]) -> re.Pattern[str]:
    before, after = place.string[: place.start()], place.string[place.end() :]
    if not before:
        return ORIGIN
    if before.endswith("://") and after[:1] in ("", "/"):
        return HOST
    return SEGMENT if "/" in before.partition("://")[2] else PART_OF_HOST
