"""Reading answers whose shape is the server's word."""

from collections.abc import Mapping, Sequence

from evergrant.model.json import Json, JsonObject


def objects(found: Json) -> list[JsonObject]:
    """The objects of an array; none of anything else."""
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, Sequence) else []
