"""What the good answers of an operation are, and how its failures look."""

from collections.abc import Callable, Iterator, Mapping

from evergrant.making.document import Answer, AnswerKind
from evergrant.making.parts import mapping
from evergrant.making.references import References
from evergrant.model.json import Json

Content = Callable[[Mapping[str, Json]], Mapping[str, Json]]
"""The schemas of a response by media type."""
NO_CONTENT = ("204", "205")


def answer_of(references: References, responses: Json, content: Content) -> Answer:
    """The best of the good answers: JSON, else a text or a file, else nothing."""
    found = {status: references.follow(each) for status, each in mapping(responses).items()}
    good = {status: each for status, each in sorted(found.items()) if status.startswith("2")} or (
        {"default": found["default"]} if "default" in found else {}
    )
    answers = [
        Answer(kind_of(name), schema, _has_links(each))
        for each in good.values()
        for name, schema in content(each).items()
    ]
    if answers:
        order: tuple[AnswerKind, ...] = ("json", "text", "bytes")
        return min(answers, key=lambda answer: order.index(answer.kind))
    return Answer("none" if good and set(good) <= set(NO_CONTENT) else "unknown")


def failures_of(references: References, responses: Json, content: Content) -> Iterator[Json]:
    """The schemas of answers that say no, in JSON."""
    for status, each in sorted(mapping(responses).items()):
        if status.startswith(("4", "5")) or status == "default":
            for name, schema in content(references.follow(each)).items():
                if kind_of(name) == "json" and schema:
                    yield schema


def kind_of(media_type: str) -> AnswerKind:
    """How an answer of that type is given back."""
    name = media_type.partition(";")[0].strip().lower()
    if name.endswith(("/json", "+json")) or name in ("*/*", ""):
        return "json"
    is_text = name.startswith("text/") or name.endswith(("xml", "yaml", "csv", "javascript", "x-ndjson"))
    return "text" if is_text else "bytes"


def _has_links(response: Mapping[str, Json]) -> bool:
    return any(name.lower() == "link" for name in mapping(response.get("headers")))
