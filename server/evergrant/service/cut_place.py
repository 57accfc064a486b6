"""Where in a result its bulk is: the one list or text by which it is paged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from evergrant.model.json import Json, JsonObject
from evergrant.service.cut_size import Size

DEEPEST = 8
"""Names on the way to the bulk. Each is one more measuring of all that is below it, while everybody waits."""


@dataclass(frozen=True, slots=True)
class Place:
    """A list or a text within a result, by the names that lead to it."""

    content: Json
    steps: tuple[str, ...]
    part: Json

    @classmethod
    def of_bulk(cls, content: Json, size: Size) -> "Place | None":
        """The largest part of the largest part, and so on down to a list or a text.

        None where it lies too deep, or what stands beside it would leave it less than half of an answer.
        """
        steps: tuple[str, ...] = ()
        node, room = content, size.most // 2
        while isinstance(node, Mapping) and node and len(steps) < DEEPEST and room >= 0:
            sizes = {name: size.of(value) + size.of(name) + 2 for name, value in node.items()}
            name = max(sizes, key=lambda each: sizes[each])
            room -= sum(sizes.values()) - sizes[name] + size.of(name) + 3
            steps, node = (*steps, name), node[name]
        return cls(content, steps, node) if room >= 0 and isinstance(node, list | str) else None

    def holding(self, part: Json) -> Json:
        """The whole result with `part` in this place."""
        return _holding(self.content, self.steps, part)

    def alone(self, part: Json) -> Json:
        """Only `part`, and the members that lead to it."""
        for name in reversed(self.steps):
            part = {name: part}
        return part


def _holding(content: Json, steps: tuple[str, ...], part: Json) -> Json:
    if not steps:
        return part
    members = cast("JsonObject", content)
    return {**members, steps[0]: _holding(members[steps[0]], steps[1:], part)}
