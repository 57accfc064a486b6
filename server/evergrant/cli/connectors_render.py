"""What an import came to, for a person and for a program."""

from collections.abc import Mapping

from evergrant.making.importing import Imported
from evergrant.making.tools import Made
from evergrant.model.json import Json


def imported_json(found: Imported) -> dict[str, Json]:
    """The tools, what was left out and why, and what else there is to know."""
    return {
        "tools": [_tool_json(each, found) for each in found.tools],
        "left_out": _left_json(found),
        "notes": list(found.notes),
    }


def imported_text(found: Imported) -> str:
    """The same in lines; empty where all went well."""
    lines = list[str]()
    if found.left:
        lines.append(f"Left out {len(found.left)}")
        lines += [f"  {each.operation.title}: {each.why.reason} {each.why.do}" for each in found.left]
    noted = sum(bool(each.notes) for each in found.tools)
    if noted:
        lines.append(f"The comments above {noted} of the tools say what was left out or is to be looked at.")
    lines += [f"Note: {note}" for note in found.notes]
    return "".join(f"{line}\n" for line in lines)


def trial_json(name: str, found: Imported) -> Mapping[str, Json]:
    """What would become of each operation."""
    return {"connector": name, **imported_json(found)}


def trial_text(name: str, found: Imported) -> str:
    """The same in lines: a tool for each operation, or why there is none."""
    lines = [f"As connector {name}:"]
    longest = max((len(each.name) for each in found.tools), default=0)
    for made in found.tools:
        operation = found.of[made.name]
        lines.append(f"{made.name:{longest}}  {made.tool.effect:7}  {operation.title}  {operation.id}".rstrip())
        lines += [f"  {note}" for note in made.notes]
    for left in found.left:
        lines += [
            f"Left out: {left.operation.title}  {left.operation.id}".rstrip(),
            f"  {left.why.reason} {left.why.do}",
        ]
    return "\n".join([*lines, *(f"Note: {note}" for note in found.notes)])


def _tool_json(made: Made, found: Imported) -> dict[str, Json]:
    operation = found.of[made.name]
    return {
        "name": made.name,
        "operation": operation.title,
        "id": operation.id,
        "effect": made.tool.effect,
        "tokens": made.tokens,
        "notes": list(made.notes),
    }


def _left_json(found: Imported) -> list[Json]:
    return [
        {"operation": each.operation.title, "id": each.operation.id, "reason": each.why.reason, "do": each.why.do}
        for each in found.left
    ]
