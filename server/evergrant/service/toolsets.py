"""Parts of an account's tools by name, since a model chooses worse among many."""

from collections.abc import Callable, Mapping, Sequence

from evergrant.catalog.tool import Tool
from evergrant.catalog.toolsets import READ, Toolsets
from evergrant.model.outcome import NotFound, Refused

EVERY = "all"


def narrowed(
    connector: str,
    tools: Mapping[str, Tool],
    toolsets: Toolsets,
    toolset: str | None = None,
    names: Sequence[str] = (),
) -> Mapping[str, Tool]:
    """The tools of a connector that are in a toolset, and of those the named ones where any are named.

    A toolset is the connector's own name (its core tools), `read` (those of them that change nothing), one of the
    operator's own that has any of these tools, or `all`, which also is what None stands for. Raises Refused for one
    that there is not, and for a name that is not in it: a tool that is silently left out is missed much later. Raises
    BadToolsets.
    """
    chosen = _of_set(connector, tools, toolsets, toolset or EVERY)
    if missing := [name for name in names if name not in chosen]:
        raise Refused(
            NotFound(
                what_happened=f"Among the tools that were asked for there is no {', '.join(missing)}.",
                what_to_do=f"There are: {', '.join(chosen) or 'none'}.",
            )
        )
    return {name: chosen[name] for name in names} if names else chosen


def _of_set(connector: str, tools: Mapping[str, Tool], toolsets: Toolsets, toolset: str) -> Mapping[str, Tool]:
    tests: dict[str, Callable[[Tool], bool]] = {
        connector: lambda tool: tool.tier == "core",
        READ: lambda tool: tool.tier == "core" and tool.effect == "read",
        EVERY: lambda _: True,
    }
    if toolset in tests:
        return {name: tool for name, tool in tools.items() if tests[toolset](tool)}
    own = {name: _held(toolsets, name, tools) for name in toolsets.own}
    if found := own.get(toolset):
        return found
    there = [*tests, *(name for name, found in own.items() if found)]
    raise Refused(
        NotFound(what_happened=f"This account has no toolset {toolset!r}.", what_to_do=f"It has: {', '.join(there)}.")
    )


def _held(toolsets: Toolsets, own: str, tools: Mapping[str, Tool]) -> Mapping[str, Tool]:
    return {name: tool for name, tool in tools.items() if toolsets.hold((own,), name, tool)}
