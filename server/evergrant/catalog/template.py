"""What a template says, before it is filled: the inputs that it names, and whether its operators are well formed.

`calls/template.py` fills them; docs/reference/connectors.md is the whole language.
"""

import re
from collections.abc import Iterator, Mapping

from evergrant.model.json import Json

CODECS = frozenset(
    {
        "adf",
        "adf_markdown",
        "base64",
        "base64_text",
        "base64url",
        "base64url_base64",
        "base64url_text",
        "bytes",
        "csv",
        "date",
        "day_or_time",
        "docs_markdown",
        "docs_place",
        "docs_range",
        "docs_table",
        "double_quoted",
        "epoch",
        "epoch_ms",
        "file_text",
        "free_times",
        "grid_range",
        "header",
        "html",
        "increment",
        "items",
        "json",
        "mail_answered",
        "mail_attachments",
        "mail_text",
        "markdown",
        "member",
        "mime",
        "named_cells",
        "notion_blocks",
        "notion_markdown",
        "numbered_rows",
        "object",
        "odata_quoted",
        "plain",
        "rgb",
        "single_quoted",
        "size",
        "storage",
        "table",
        "text_part",
        "utc",
    }
)
"""The named pure functions of `calls.codecs`, which a test compares."""
OPERATORS: Mapping[str, frozenset[str]] = {
    "each": frozenset({"of", "put"}),
    "join": frozenset({"by", "of"}),
    "format": frozenset({"text"}),
    "case": frozenset({"of"}),
    "first": frozenset(),
    "merge": frozenset(),
    "union": frozenset({"of", "by"}),
}
"""What decides about other templates, with the keys that each must have; `first` and `merge` take a list."""
ITEM = "item"
"""Inside `$each`, the element at hand."""
SLOT = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


def reference(text: str) -> tuple[str, str] | None:
    """The name and the pointer of `$name` or `$name/at/this/place`; None for a literal, which may begin with `$$`."""
    if not text.startswith("$") or text.startswith("$$"):
        return None
    name, slash, rest = text[1:].partition("/")
    return name, slash + rest


def call_of(template: Mapping[str, Json]) -> str | None:
    """The operator or codec that a mapping stands for: its single key, without the dollar sign."""
    only = next(iter(template)) if len(template) == 1 else ""
    return only[1:] if only.startswith("$") else None


def parts(template: Json) -> Iterator[Json]:
    """The templates directly inside one."""
    match template:
        case dict():
            yield from template.values()
        case list():
            yield from template
        case _:
            return


def names(template: Json) -> set[str]:
    """The values that a template uses."""
    if isinstance(template, str):
        found = reference(template)
        return {found[0]} - {ITEM} if found else set()
    return set[str]().union(*map(names, parts(template)))


def called(template: Json) -> set[str]:
    """The operators and codecs that a template calls."""
    name = call_of(template) if isinstance(template, dict) else None
    return ({name} if name else set[str]()).union(*map(called, parts(template)))


def faults(template: Json) -> Iterator[str]:
    """What is wrong with a template's operators and codecs."""
    if isinstance(template, dict) and (name := call_of(template)) is not None:
        yield from _call_faults(name, template[f"${name}"])
    for part in parts(template):
        yield from faults(part)


def query_faults(template: Json) -> Iterator[str]:
    """As `faults`, for a query: its own keys are names of parameters, also where they begin with a dollar sign."""
    for part in parts(template):
        yield from faults(part)


def _call_faults(name: str, given: Json) -> Iterator[str]:
    if name not in OPERATORS:
        if name not in CODECS:
            known = ", ".join(sorted({*OPERATORS, *CODECS}))
            yield f"no such codec: {name}; there are {known}"
        return
    needed = OPERATORS[name]
    if not needed and not isinstance(given, list):
        yield f"${name} takes a list"
    if needed and not (isinstance(given, dict) and needed <= set(given)):
        yield f"${name} takes {' and '.join(sorted(needed))}"
    elif name == "format" and isinstance(given, dict):
        text = given["text"]
        slots, given_names = set(SLOT.findall(text)) if isinstance(text, str) else set[str](), set(given) - {"text"}
        if slots != given_names:
            yield f"$format: the text has {sorted(slots)} and is given {sorted(given_names)}"
