"""Where the facts of a connector can be looked up: `tests/contracts/<connector>.yaml` as values."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from evergrant.catalog.declaration import Declaration
from evergrant.catalog.reading import parse, read

HERE: Final = Path(__file__).parent
Kind = Literal["discovery", "openapi", "swagger", "graphql", "client", "kiota", "python", "typescript"]


class Description(Declaration):
    """One that the vendor, or the author of a client library, publishes in a package."""

    kind: Kind
    """`client` is a library whose code names methods and paths; `python` one whose calls and types are parsed,
    `typescript` one whose endpoints and declarations are; `kiota` one that Microsoft's generator wrote."""
    registry: Literal["pypi", "npm"]
    package: str
    version: str
    files: tuple[str, ...]
    """Of the unpacked package; may have stars."""
    base: str = ""
    """What stands before the description's paths where our requests have them."""
    renamed: dict[str, str] = {}
    """How the beginning of a path of ours is written there: `{/me/: "/users/{id}/"}`."""
    patterns: tuple[str, ...] = ()
    """For `client`, `python` and `typescript`: regular expressions with the groups `path` (or `pieces`, a list of
    segments) and, if there, `method`. Those of `client` may have `query` and `body`, texts in which `names` finds the
    names, and `other`, which is there where the body is no such text; those of `typescript` have `name`."""
    names: str = r"""(?:^|[,{\[])\s*["']?([\w.$-]+)["']?\s*(?=[:,\]}]|$)"""
    """The keys of an object that JavaScript writes, or the texts of a list."""
    expressions: dict[str, str] = {}
    """For `python`: the paths that expressions stand for, by their beginnings."""
    types: tuple[str, ...] = ()
    """For `python` and `kiota`: the files with the types."""
    query: tuple[str, ...] = ()
    """For `python`: what the arguments are called in whose value the names of a query are."""
    body: tuple[str, ...] = ()
    """As `query`, for the body."""


class Audit(Declaration):
    """A look at a description that no package carries, once and by hand."""

    against: str
    on: Annotated[str, Field(pattern=r"^20\d\d-\d\d-\d\d$")]
    tools: tuple[str, ...]
    names: tuple[str, ...] = ()
    """The parameters, and pointers to the members, that were looked up; without, all that the packages do not know."""

    def covers(self, fault: str) -> bool:
        return not self.names or any(
            fault.endswith((f" parameter {name}", f" {name} in its body")) for name in self.names
        )


class Contract(Declaration):
    descriptions: tuple[Description, ...] = ()
    audited: tuple[Audit, ...] = ()
    undescribed: dict[str, str] = {}
    """Tools that nothing describes, each with the reason."""

    def by_hand(self, tool: str) -> list[Audit]:
        """The audits of a tool."""
        return [audit for audit in self.audited if tool in audit.tools]


def contracts() -> dict[str, Contract]:
    """All there are, by connector; raises DeclarationError."""
    files = sorted(HERE.glob("*.yaml"))
    return {file.stem: parse(TypeAdapter(Contract), read(file), file) for file in files}
