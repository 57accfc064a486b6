"""How a person registers an OAuth client: steps with links that have everything filled in, and what is pasted back."""

import json
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from pydantic import Field, JsonValue, field_validator

from evergrant.catalog.declaration import Declaration, HttpUrl, Regex
from evergrant.catalog.template import SLOT

SLOTS = frozenset({"app", "redirect_uri", "scopes", "scopes_comma", "manifest"})
"""What links, steps and a manifest may name."""


class Redirect(Declaration):
    """Which addresses the provider sends a browser back to."""

    loopback: Literal["any_port", "exact", "refused"] = "exact"
    """`any_port`: RFC 8252 7.3; `exact`: the port must be registered; `refused`: https only, so the person pastes."""
    host: Literal["localhost", "127.0.0.1"] = "localhost"
    """The spelling of loopback that it takes."""


class Step(Declaration):
    """One thing to do, and where."""

    do: str = Field(min_length=5, max_length=400)
    link: str | None = None
    """Its page; `{manifest}` and the other slots are filled in and escaped."""

    @field_validator("do", "link")
    @classmethod
    def _names_what_there_is(cls, text: str | None) -> str | None:
        if unknown := set(SLOT.findall(text or "")) - SLOTS:
            raise ValueError(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(sorted(SLOTS))}")
        return text


class Pasted(Declaration):
    """What the person copies from the provider's page."""

    title: str
    pattern: Regex
    looks_like: str


class Registration(Declaration):
    """The guide to an OAuth client of one's own."""

    minutes: int = Field(ge=1, le=60)
    steps: tuple[Step, ...] = Field(min_length=1)
    client_id: Pasted
    client_secret: Pasted | None = None
    manifest: JsonValue = None
    """What the provider makes the app from; its texts may have slots."""
    warning: str | None = None
    """What ends such grants early, or keeps others from using the app."""
    apps: HttpUrl | None = None
    """The page of the apps that one has, where the link of a step makes another."""

    @property
    def page_of_redirect(self) -> str | None:
        """The page on which a redirect URI is corrected: that of the apps, else the last link up to its step."""
        slots = [set(SLOT.findall(f"{step.do} {step.link}")) for step in self.steps]
        setting = (number for number, found in enumerate(slots) if found & {"redirect_uri", "manifest"})
        last = next(setting, len(self.steps) - 1)
        links = [step.link for step in self.steps[: last + 1] if step.link and not SLOT.search(step.link)]
        return self.apps or (links[-1] if links else None)

    def filled(self, app: str, redirect_uri: str, scopes: tuple[str, ...]) -> tuple[tuple[str, str | None], ...]:
        """Each step's text and link, for this app, redirect URI and these scopes."""
        values = {
            "app": app,
            "redirect_uri": redirect_uri,
            "scopes": " ".join(scopes),
            "scopes_comma": ",".join(scopes),
        }
        values["manifest"] = json.dumps(_manifest(self.manifest, values, scopes), separators=(",", ":"))
        escaped = {name: quote(text, safe="") for name, text in values.items()}
        return tuple((_fill(step.do, values), _fill(step.link, escaped) if step.link else None) for step in self.steps)


def _manifest(part: JsonValue, values: Mapping[str, str], scopes: tuple[str, ...]) -> JsonValue:
    """Texts are filled; the text `{scopes}` alone is the list of them."""
    match part:
        case "{scopes}":
            return list(scopes)
        case str():
            return _fill(part, values)
        case dict():
            return {key: _manifest(value, values, scopes) for key, value in part.items()}
        case list():
            return [_manifest(value, values, scopes) for value in part]
        case _:
            return part


def _fill(text: str, values: Mapping[str, str]) -> str:
    return SLOT.sub(lambda match: values.get(match[1], match[0]), text)
