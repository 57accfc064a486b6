"""What an import came to, for a person and for a program."""

from collections.abc import Mapping

from rich.table import Table

from evergrant.cli.output import cells, table
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
        lines.append(f"{noted} tools have not all that the service offers: see the comments above them.")
    lines += [f"Note: {note}" for note in found.notes]
    return "".join(f"{line}\n" for line in lines)


def trial_json(name: str, found: Imported) -> Mapping[str, Json]:
    """What would become of each operation."""
    return {"connector": name, **imported_json(found)}


def trial_text(name: str, found: Imported) -> Table:
    """The same as a table."""
    shown = table("operation", "id", "tool", "effect", "what becomes of it")
    shown.title = f"As connector {name}"
    shown.title_justify = "left"
    for made in found.tools:
        operation = found.of[made.name]
        said = "; ".join(made.notes) or operation.summary.strip() or f"{made.tokens} tokens"
        shown.add_row(*cells(operation.title, operation.id, made.name, made.tool.effect, said[:160]))
    for left in found.left:
        shown.add_row(*cells(left.operation.title, left.operation.id, "", "", f"left out: {left.why.reason}"))
    return shown


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
