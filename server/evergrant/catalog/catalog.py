"""All connectors and tools: look-up and paging.

Connector files are read at start, since the refresher needs them; tool files on the first use of their connector.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from pydantic import ConfigDict, TypeAdapter

from evergrant.catalog.connector import Connector
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.passthrough import written_out
from evergrant.catalog.reading import parse, read
from evergrant.catalog.tool import Tool, ToolName
from evergrant.model.account import DEFAULT_CREDENTIAL
from evergrant.model.json import Json

_CONNECTOR = TypeAdapter(Connector)
_TOOLS = TypeAdapter(dict[ToolName, Tool], config=ConfigDict(hide_input_in_errors=True))


class UnknownConnector(LookupError):
    """No connector has that name."""


class UnknownTool(LookupError):
    """No tool has that name."""


class Catalog:
    """The connectors and tools of the given folders; a later folder's connector replaces an earlier one's."""

    def __init__(self, folders: Sequence[Path], *, lenient: bool = False) -> None:
        """Read every `connectors/*.yaml`; raises DeclarationError with file, line and fault.

        A `lenient` catalog keeps the faults of a connector until that connector is used: the others go on.
        """
        self._lenient = lenient
        self.faults: dict[str, DeclarationError] = {}
        """By connector, what is wrong with its files, as far as they have been read."""
        self._files = {path.stem: path for folder in folders for path in sorted((folder / "connectors").glob("*.yaml"))}
        readable = ((name, self._read_kept(name)) for name in self._files)
        self._connectors = {name: connector for name, connector in readable if connector}
        offered = ((name, found) for name, found in sorted(self._connectors.items()) if not found.abstract)
        self._offered = MappingProxyType(dict(offered))
        self._longest = max(map(len, self._files), default=0)
        self._tools = lru_cache(maxsize=None)(self._read_tools)

    def connector(self, name: str) -> Connector:
        """The connector of that name; raises UnknownConnector, DeclarationError."""
        if name in self.faults and name not in self._connectors:
            raise self.faults[name]
        found = self._connectors.get(name)
        if found is None or found.abstract:
            raise UnknownConnector(f"There is no connector {name!r}. Known: {', '.join(self.connectors())}.")
        return found

    def connectors(self) -> Mapping[str, Connector]:
        """All connectors that an account can be connected to, by name in order."""
        return self._offered

    def names(self) -> tuple[str, ...]:
        """Of every connector that an account can be of, those with faults included."""
        return tuple(sorted({*self.connectors(), *self.faults}))

    def connector_file(self, name: str) -> Path:
        """Where a connector is declared."""
        return self._files[name]

    def tools_file(self, name: str) -> Path:
        """Where a connector's tools are declared."""
        return self._files[name].parents[1] / "schemas" / f"{name}.yaml"

    def tools(self, connector: str) -> Mapping[str, Tool]:
        """The tools of one connector, by name in the file's order; raises UnknownConnector, DeclarationError.

        In a lenient catalog a connector whose tools cannot be read has none.
        """
        self.connector(connector)
        return self._tools(connector)

    def tool(self, name: str) -> tuple[str, Tool]:
        """The connector's name and the tool of that name; raises UnknownTool.

        A tool's name begins with its connector's, so only that connector's file is read.
        """
        for connector in self._owners(name):
            if found := self.tools(connector).get(name):
                return connector, found
            if connector in self.faults:
                raise self.faults[connector]
        raise UnknownTool(f"There is no tool {name!r}. Find it with search_tools, or: evergrant tools list")

    def _owners(self, tool: str) -> Iterator[str]:
        """The connectors whose names a tool's begins with; looked up, so that many connectors cost no more than few."""
        end = tool.find("_")
        while 0 <= end <= self._longest:
            if (name := tool[:end]) in self._offered or name in self.faults:
                yield name
            end = tool.find("_", end + 1)

    def _read_kept(self, name: str) -> Connector | None:
        try:
            return self._read(name)
        except DeclarationError as error:
            self._keep(name, error)
            return None

    def _keep(self, name: str, error: DeclarationError) -> None:
        if not self._lenient:
            raise error
        self.faults[name] = error

    def _read(self, name: str) -> Connector:
        path = self._files[name]
        return parse(_CONNECTOR, self._with_parent(name, ()), path)

    def _with_parent(self, name: str, seen: tuple[str, ...]) -> dict[str, Json]:
        data = read(self._files[name])
        parent = data.pop("extends", None)
        if parent is None:
            return data
        if not isinstance(parent, str) or parent not in self._files or parent in (*seen, name):
            raise DeclarationError(f"{self._files[name]}:1: extends: there is no such connector: {parent}")
        merged = merge(self._with_parent(parent, (*seen, name)), {"abstract": False} | data)
        return {key: value for key, value in merged.items() if value is not None}  # `oauth: null` is without

    def _read_tools(self, name: str) -> Mapping[str, Tool]:
        try:
            return self._parse_tools(name)
        except DeclarationError as error:
            self._keep(name, error)
            return {}

    def _parse_tools(self, name: str) -> Mapping[str, Tool]:
        path = self.tools_file(name)
        tools = parse(_TOOLS, written_out(read(path)), path)
        if stray := [tool for tool in tools if not tool.startswith(f"{name}_")]:
            raise DeclarationError(f"{path}: {stray[0]}: a tool's name begins with {name}_")
        known = {DEFAULT_CREDENTIAL, *self.connector(name).oauth.credentials}
        if stray := [each for each, tool in tools.items() if tool.credential not in known]:
            raise DeclarationError(f"{path}: {stray[0]}: credential: the connector has {', '.join(sorted(known))}")
        return tools


def merge(parent: Mapping[str, Json], child: Mapping[str, Json]) -> dict[str, Json]:
    """`child` laid over `parent`; mappings merge key by key, everything else is replaced."""
    merged = dict(parent)
    for key, value in child.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def data_folder(package: Path) -> Path:
    """Where the shipped `connectors/` and `schemas/` lie: inside the package in a wheel, at the root in a checkout."""
    return package if (package / "connectors").is_dir() else package.parents[1]


def folders(package: Path, connector_path: Iterable[Path]) -> list[Path]:
    """The shipped folder, then the user's own."""
    return [data_folder(package), *connector_path]
