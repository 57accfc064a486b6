"""What a shape says, before it is filled: a template whose texts are pointers into the answer.

A pointer may have a `*` where a list stands: `/labels/*/name` are the names of all labels; where an object stands, it
gathers from its members. `.` is the whole. Any other text is as in a request: `$name` is an input or a step's result,
the rest is literal. What the answer has not got, and what is null, is left out.
"""

from evergrant.catalog.template import call_of
from evergrant.model.json import Json

TEXTS = frozenset(
    {
        "adf_markdown",
        "base64_text",
        "base64url_base64",
        "base64url_text",
        "csv",
        "date",
        "docs_markdown",
        "file_text",
        "format",
        "header",
        "join",
        "mail_text",
        "markdown",
        "notion_markdown",
        "plain",
        "utc",
    }
)
"""What gives back a text, whatever it takes."""
WHOLE = "."


def is_pointer(text: str) -> bool:
    """Whether a text of a shape stands for a part of the answer."""
    return text == WHOLE or text.startswith("/")


def schema_of(shape: Json) -> dict[str, Json]:
    """The JSON Schema that a shape promises: which members there are, and what little is known of their types."""
    match shape:
        case str() if is_pointer(shape):
            return {"type": "array"} if "*" in shape.split("/") else {}
        case list():
            return {"type": "array"}
        case dict():
            name = call_of(shape)
            if name is None:
                return {"type": "object", "properties": {key: schema_of(part) for key, part in shape.items()}}
            return _schema_of_call(name, shape[f"${name}"])
        case _:
            return {}


def _schema_of_call(name: str, given: Json) -> dict[str, Json]:
    if name == "each" and isinstance(given, dict):
        return {"type": "array", "items": schema_of(given["put"])}
    return {"type": "string"} if name in TEXTS else {}
