"""References inside a document. They lead nowhere else: what lies in another file or at an address is not read."""

from collections.abc import Mapping
from urllib.parse import unquote

from evergrant.making.parts import mapping
from evergrant.model.json import Json, at

MOST_HOPS = 20


class References:
    """Follows `$ref` within one document, and remembers what it could not find."""

    def __init__(self, root: Json, names: str = "") -> None:
        """`names` is the pointer beneath which a reference is a bare name, as in Google Discovery."""
        self._root = root
        self._names = names
        self.missing: set[str] = set()

    def follow(self, node: Json) -> Mapping[str, Json]:
        """The object that a node is or leads to, with what it says beside the reference; empty where it is none."""
        found, beside = mapping(node), dict[str, Json]()
        for _ in range(MOST_HOPS):
            to = found.get("$ref")
            if not isinstance(to, str):
                return {**found, **beside} if beside else found
            said = {key: value for key, value in found.items() if key in ("description", "summary")}
            beside = {**said, **beside}
            found = mapping(self._at(to))
        return beside

    def _at(self, to: str) -> Json:
        found: Json = None
        if to.startswith("#"):
            found = at(self._root, unquote(to[1:]))
        elif self._names:
            found = mapping(at(self._root, self._names)).get(to)
        if found is None:
            self.missing.add(to[:200])
        return found
