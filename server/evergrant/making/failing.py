"""Where a service's failures have their code and their words."""

from collections.abc import Mapping, Sequence

from evergrant.making.parts import mapping
from evergrant.making.plain import plain
from evergrant.making.references import References
from evergrant.model.json import Json

CODES = (
    "/error/code", "/error/type", "/code", "/error_code", "/errorCode", "/error", "/errors/0/code", "/type", "/status",
)  # fmt: skip
WORDS = (
    "/error/message", "/message", "/error_description", "/detail", "/errors/0/message", "/msg", "/errors/0/detail",
    "/description", "/title", "/errorMessage", "/error",
)  # fmt: skip
USUAL_CODES = ("/error/code", "/code", "/error")
USUAL_WORDS = ("/error/message", "/message", "/detail")
MOST = 3


def error_pointers(references: References, failures: Sequence[Json]) -> tuple[list[str], list[str]]:
    """Pointers to the code and to the words, as the schemas of failures have them, else where they often are."""
    schemas = [plain(references, each) for each in failures[:20]]

    def there(pointer: str) -> bool:
        return any(_leads(references, schema, pointer.split("/")[1:]) for schema in schemas)

    codes, words = [p for p in CODES if there(p)][:MOST], [p for p in WORDS if there(p)][:MOST]
    words = [pointer for pointer in words if pointer not in codes] or words
    return codes or list(USUAL_CODES), words or list(USUAL_WORDS)


def _leads(references: References, found: Mapping[str, Json], keys: Sequence[str]) -> bool:
    for key in keys:
        below = found.get("items") if key == "0" else mapping(found.get("properties")).get(key)
        if below is None:
            return False
        found = plain(references, below)
    return found.get("type") in ("string", "integer")
