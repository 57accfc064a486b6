"""Where a service lives, as OpenAPI's servers say it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from evergrant.making.parts import listed, mapping, text, texts
from evergrant.making.words import prose, snake
from evergrant.model.json import Json

VARIABLE = re.compile(r"\{([^{}]+)\}")
LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/|$)")

SECURE = re.compile(r"https://[A-Za-z0-9{\[][^/\s]*(?:/\S*)?")
SIGNS = re.compile(r"[A-Za-z0-9:/?._~%@!$&'()*+,;=\[\]{}-]+")


@dataclass(frozen=True, slots=True)
class Server:
    """The first server that can be used."""

    url: str = ""
    """Empty where there is none; may have `{account.x}` in its host."""
    account: Mapping[str, Json] = field(default_factory=dict[str, Json])


def server_of(servers: Json) -> Server:
    """The first server with a host; a variable in the host is asked of the person, another one is its default."""
    for each in listed(servers):
        if found := _read(mapping(each)):
            return found
    return Server()


def secure(url: str) -> str:
    """The address over https, unless it is on this machine; "" for what is none."""
    url = url.strip().partition("#")[0].rstrip("/")
    if url.startswith("http://") and not LOOPBACK.match(url):
        url = f"https://{url.removeprefix('http://')}"
    is_one = SECURE.fullmatch(url) is not None or LOOPBACK.match(url) is not None
    return url if is_one and SIGNS.fullmatch(url) else ""


def _read(server: Mapping[str, Json]) -> Server | None:
    variables, asked = mapping(server.get("variables")), dict[str, Json]()
    url = text(server.get("url"))
    host_ends = url.find("/", url.find("://") + 3) if "://" in url else 0

    def filled(match: re.Match[str]) -> str:
        variable = mapping(variables.get(match[1]))
        default = str(variable.get("default", ""))
        if not (host_ends < 0 or match.start() < host_ends) or match.start() == 0:
            return default
        name = re.sub(r"[^a-z]+", "_", snake(match[1])).strip("_") or "host"
        asked[name] = _asked(match[1], variable, default)
        return f"{{account.{name}}}"

    found = secure(VARIABLE.sub(filled, url))
    return Server(found, asked) if found else None


def _asked(name: str, variable: Mapping[str, Json], default: str) -> dict[str, Json]:
    values = [value for value in texts(variable.get("enum")) if re.fullmatch(r"[A-Za-z0-9.-]+", value)]
    said = prose(text(variable.get("description")), 80).rstrip(".") or f"{name} of the address"
    asked: dict[str, Json] = {
        "from": "user",
        "title": said,
        "pattern": "|".join(map(re.escape, values)) or "[A-Za-z0-9.-]+",
    }
    return {**asked, "default": default} if default in values else asked
