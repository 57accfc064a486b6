"""Toolsets: named subsets of the tools. Each connector is one, its core tools; others are declared by the operator."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter

from evergrant.catalog.catalog import Catalog, UnknownConnector
from evergrant.catalog.declaration import Declaration, DeclarationError
from evergrant.catalog.reading import parse, read
from evergrant.catalog.tool import Tool
from evergrant.model.tool_mode import MODES

READ = "read"
"""The toolset of an account's core tools that change nothing, where one account's tools are asked for."""
Pattern = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_*?]+$", max_length=48)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=48)]


class Toolset(Declaration):
    """The tools whose names fit a pattern, of every tier."""

    tools: tuple[Pattern, ...] = Field(min_length=1)
    """`*` stands for any characters, `?` for one."""
    read_only: bool = False


_TOOLSETS = TypeAdapter(dict[Name, Toolset], config=ConfigDict(hide_input_in_errors=True))


class BadToolsets(DeclarationError):
    """The file of toolsets cannot be used; the message names it, what is wrong, and what to do."""


class UnknownToolset(LookupError):
    """No toolset has that name; the message says which there are."""


class Toolsets:
    """The toolsets of a catalog and of a file, which is read at the first use."""

    def __init__(self, catalog: Catalog, file: Path | None = None) -> None:
        """Without a file, or where there is none, the connectors are all the toolsets."""
        self._catalog = catalog
        self._file = file

    def check(self, names: Sequence[str]) -> None:
        """Raises UnknownToolset where there is none of a name; BadToolsets where the file cannot be used."""
        known = {*self._own, *self._catalog.names()}
        if unknown := [name for name in names if name not in known]:
            raise UnknownToolset(
                f"There is no toolset {unknown[0]!r}. There are: {', '.join([*self._own, *self._catalog.names()])}."
            )

    @property
    def own(self) -> Sequence[str]:
        """The names of the operator's own toolsets; raises BadToolsets."""
        return tuple(self._own)

    def hold(self, names: Iterable[str], tool_name: str, tool: Tool) -> bool:
        """Whether one of these toolsets has the tool; a toolset that is gone has none."""
        return any(self._has(name, tool_name, tool) for name in names)

    def _has(self, name: str, tool_name: str, tool: Tool) -> bool:
        if own := self._own.get(name):
            return _fits(own, tool_name, tool)
        return tool.tier == "core" and tool_name.startswith(f"{name}_") and self._catalog.tool(tool_name)[0] == name

    @cached_property
    def _own(self) -> Mapping[str, Toolset]:
        if self._file is None or not self._file.exists():
            return {}
        try:
            found = parse(_TOOLSETS, read(self._file), self._file)
        except DeclarationError as error:
            raise BadToolsets(str(error)) from None
        for name, toolset in found.items():
            self._check(self._file, name, toolset)
        return found

    def _check(self, file: Path, name: str, toolset: Toolset) -> None:
        if name in (*MODES, READ, *self._catalog.names()):
            raise BadToolsets(
                f"{file}: {name}: this name is taken by a connector, a mode or the toolset of what reads. "
                "Choose another."
            )
        for pattern in toolset.tools:
            if not self._finds(pattern, toolset):
                what = "tool that reads" if toolset.read_only else "tool"
                raise BadToolsets(
                    f"{file}: {name}: no {what} is called {pattern}. Correct it or take it out; see which there are: "
                    "evergrant tools list --all"
                )

    def _finds(self, pattern: str, toolset: Toolset) -> bool:
        """A connector whose file is broken may have what is meant: its fault takes no toolset away."""
        only = toolset.model_copy(update={"tools": (pattern,)})
        for connector in self._owners(pattern):
            try:
                tools = self._catalog.tools(connector)
            except (DeclarationError, UnknownConnector):
                return True
            if connector in self._catalog.faults or any(_fits(only, name, tool) for name, tool in tools.items()):
                return True
        return False

    def _owners(self, pattern: str) -> Iterator[str]:
        """The connectors that may have tools of such names, so that no other's file is read."""
        begins = pattern.partition("*")[0].partition("?")[0]
        for name in self._catalog.names():
            if begins.startswith(f"{name}_") or f"{name}_".startswith(begins):
                yield name


def _fits(toolset: Toolset, tool_name: str, tool: Tool) -> bool:
    if toolset.read_only and tool.effect != "read":
        return False
    return any(fnmatchcase(tool_name, pattern) for pattern in toolset.tools)
