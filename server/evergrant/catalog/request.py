"""One HTTP request as data: where it goes, what of the caller's values stands where, what its answer is."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from evergrant.catalog.declaration import Declaration, Pointer
from evergrant.catalog.template import faults, names, query_faults, reference

Encoding = Literal["json", "form", "multipart", "multipart_related", "raw"]
Kind = Literal["json", "text", "bytes", "file", "none"]
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)((?:/[^{}/\s]+)*)\}")
"""`{name}`, or `{name/at/a/place}` for a part of it."""
SlotName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$")]
METHOD = r"(?:GET|POST|PUT|PATCH|DELETE)"
ADDRESS = r"(?:/|https://[a-z0-9-]+(?:\.[a-z0-9-]+)+/|\$[a-z_][a-z0-9_]*(?:/|$))"


class RequestTemplate(Declaration):
    """What tools and their steps have in common."""

    request: Annotated[str, Field(pattern=rf"^{METHOD} {ADDRESS}\S*$")]
    """Method and path beneath `base_url`; or a whole address that `allow` admits; or `$step/pointer`, an address that
    an earlier step was given, which must lie at one of `origins` and gets no credential unless it is `signed`."""
    headers: dict[str, JsonValue] = {}
    slots: dict[SlotName, JsonValue] = {}
    """Templates for segments of the path that are no input; in a GET, one that is absent is left out of the path."""
    query: JsonValue = None
    body: JsonValue = None
    graphql: str | None = None
    encoding: Encoding | None = None
    answer: Kind = "json"
    """What the answer is: `text` and `bytes` make an object of `type` and content of it, `file` the one that fits."""
    redirects: tuple[str, ...] = ()
    """Origins to which one redirect is followed, without the credential."""
    origins: tuple[str, ...] = ()
    """Origins that an address out of an earlier answer may have."""
    signed: bool = False
    """Whether an address out of an earlier answer gets the credential all the same: it must then lie within `allow`."""
    result: Pointer = ""

    @property
    def method(self) -> str:
        return self.request.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.request.partition(" ")[2]

    @property
    def given_address(self) -> str | None:
        """The reference to the address, where an earlier step was given it."""
        return self.path if self.path.startswith("$") else None

    @property
    def gets_credential(self) -> bool:
        return self.given_address is None or self.signed

    @property
    def in_path(self) -> tuple[str, ...]:
        """The inputs and steps that stand in the path."""
        named = () if self.given_address else (found[1] for found in PLACEHOLDER.finditer(self.path))
        return tuple(name for name in named if name not in self.slots)

    @property
    def reads(self) -> bool:
        """Whether its method is one that changes nothing (RFC 9110 9.2.1)."""
        return self.method == "GET"

    def placed(self) -> set[str]:
        """The values that have a place in it."""
        of_address = reference(self.given_address) if self.given_address else None
        return set(self.in_path).union(
            {of_address[0]} if of_address else set(),
            names(self.query),
            names(self.body),
            *map(names, self.headers.values()),
            *map(names, self.slots.values()),
        )

    def template_faults(self) -> Iterator[str]:
        """What is wrong with its templates."""
        yield from chain(query_faults(self.headers), query_faults(self.query), faults(self.body))
        yield from chain.from_iterable(map(faults, self.slots.values()))
        for name in self.slots:
            if f"{{{name}}}" not in self.path.split("/"):
                yield f"a slot is a whole segment of the path, and there is none called {name}"
        if self.given_address and not self.origins:
            yield "an address out of an answer needs origins that it may have"
        if self.signed and not self.given_address:
            yield "signed is for an address out of an answer; the others get the credential anyway"
        if self.redirects and not self.reads:
            yield "only a GET follows redirects"
