"""Parts of an account's tools by name, since a model chooses worse among many."""

from collections.abc import Callable, Mapping, Sequence

from evergrant.catalog.tool import Tool
from evergrant.model.outcome import NotFound, Refused

EVERY = "all"
READ = "read"


def narrowed(
    connector: str, tools: Mapping[str, Tool], toolset: str | None = None, names: Sequence[str] = ()
) -> Mapping[str, Tool]:
    """The tools of a connector that are in a toolset, and of those the named ones where any are named.

    A toolset is the connector's own name (its core tools), `read` (those of them that change nothing) or `all`, which
    also is what None stands for. Raises Refused for one that there is not, and for a name that is not in it: a tool
    that is silently left out is missed much later.
    """
    chosen = _of_set(connector, tools, toolset or EVERY)
    if missing := [name for name in names if name not in chosen]:
        raise Refused(
            NotFound(
                what_happened=f"Among the tools that were asked for there is no {', '.join(missing)}.",
                what_to_do=f"There are: {', '.join(chosen) or 'none'}.",
            )
        )
    return {name: chosen[name] for name in names} if names else chosen


def _of_set(connector: str, tools: Mapping[str, Tool], toolset: str) -> Mapping[str, Tool]:
    tests: dict[str, Callable[[Tool], bool]] = {
        connector: lambda tool: tool.tier == "core",
        READ: lambda tool: tool.tier == "core" and tool.effect == "read",
        EVERY: lambda _: True,
    }
    if toolset not in tests:
        raise Refused(
            NotFound(
                what_happened=f"This account has no toolset {toolset!r}.", what_to_do=f"It has: {', '.join(tests)}."
            )
        )
    return {name: tool for name, tool in tools.items() if tests[toolset](tool)}
