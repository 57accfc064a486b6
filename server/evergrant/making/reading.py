"""A description in whichever of the three languages it is written."""

from evergrant.making.discovery import read_discovery
from evergrant.making.document import BadDocument, Document
from evergrant.making.loading import load
from evergrant.making.openapi import read_openapi
from evergrant.making.swagger import read_swagger


def read_document(raw: bytes) -> Document:
    """The document in a JSON or YAML text; raises BadDocument. Nothing else is read, from no file and no address."""
    root = load(raw)
    if "openapi" in root:
        return read_openapi(root)
    if "swagger" in root:
        return read_swagger(root)
    if "discoveryVersion" in root or root.get("kind") == "discovery#restDescription":
        return read_discovery(root)
    raise BadDocument("It has none of openapi, swagger and discoveryVersion. Give a description in one of these.")
