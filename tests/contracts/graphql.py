"""GraphQL documents against a schema that the vendor publishes."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from tests.contracts.asked import Asked


@cache
def schema_in(file: Path) -> GraphQLSchema:
    """From the schema definition language."""
    return build_schema(file.read_text(encoding="utf-8"), assume_valid=True)


def graphql_faults(one: Asked, schemas: Sequence[Path]) -> Iterator[str]:
    """What is wrong with the document, and which variables are sent that it does not declare."""
    try:
        document = parse(one.graphql or "")
    except GraphQLError as error:
        yield error.message
        return
    for file in schemas:
        yield from (error.message for error in validate(schema_in(file), document))
    sent = set(one.body) if isinstance(one.body, Mapping) else set[str]()
    declared = {
        variable.variable.name.value
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        for variable in definition.variable_definitions or ()
    }
    yield from (f"the document declares no variable {name}" for name in sorted((sent | one.more) - declared))
