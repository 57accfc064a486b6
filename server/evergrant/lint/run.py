"""All rules over a catalogue."""

from collections.abc import Collection, Iterator

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.declaration import DeclarationError
from evergrant.lint.calls import (
    effect_faults,
    example_faults,
    output_faults,
    place_faults,
    scope_faults,
)
from evergrant.lint.connectors import connector_faults
from evergrant.lint.finding import Fault, Subject, located
from evergrant.lint.inputs import input_faults, size_faults, tokens
from evergrant.lint.names import description_faults, name_faults

MOST_MEAN_TOKENS = 250


def lint(catalog: Catalog, only: Collection[str] = ()) -> Iterator[str]:
    """What is wrong with each connector: `file:line: place: what and what to do`."""
    names = [name for name in catalog.names() if not only or name in only]
    for name in names:
        try:
            subject = Subject(name, catalog.connector(name), catalog.tools(name))
        except DeclarationError as error:
            yield from str(error).splitlines()
            continue
        if name in catalog.faults:  # a lenient catalog has no tools then, and has kept why
            yield from str(catalog.faults[name]).splitlines()
            continue
        yield from map(str, located(catalog, subject, faults(subject)))
        yield from _without_examples(catalog, subject)


def costs(catalog: Catalog, most: int = MOST_MEAN_TOKENS) -> Iterator[str]:
    """What is wrong with the size of the whole: every client that lists all tools pays the mean."""
    sizes = [tokens(name, tool) for each in catalog.connectors() for name, tool in catalog.tools(each).items()]
    if sizes and (mean := sum(sizes) / len(sizes)) > most:
        yield f"All tools together have {mean:.0f} tokens in the mean. Keep it below {most}. [size]"


def faults(subject: Subject) -> Iterator[Fault]:
    """Every breach of a rule by one connector."""
    yield from connector_faults(subject)
    for name, tool in subject.tools.items():
        yield from name_faults(subject, name, tool)
        yield from description_faults(subject, name, tool)
        yield from input_faults(name, tool)
        yield from size_faults(name, tool)
        yield from effect_faults(name, tool)
        yield from example_faults(subject, name, tool)
        yield from output_faults(name, tool)
        yield from scope_faults(subject, name, tool)
        yield from place_faults(name, tool)


def _without_examples(catalog: Catalog, subject: Subject) -> Iterator[str]:
    """In a checkout each tool has its examples; folders of a user's own need none."""
    tools = catalog.tools_file(subject.name)
    examples = tools.parents[1] / "tests" / "connectors"
    if not examples.is_dir():
        return
    file = examples / tools.name
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    for name in subject.tools:
        if f"\n{name}:" not in f"\n{text}":
            yield f"{file}:1: {name}: It has no example. Add its request, an answer and the outcome. [examples]"
