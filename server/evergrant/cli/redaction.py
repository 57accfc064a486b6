"""The last look at a log record: live secrets, and whatever stands under the name of a secret, are taken out of it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from structlog.typing import EventDict, WrappedLogger

from evergrant.model.live import REDACTED, LiveSecrets

LONGEST_TEXT = 20_000
DEEPEST = 8
_NAMES = r"(?:token|secret|password|passphrase|api[_-]?key|assertion|code_verifier|authorization|(?:set-)?cookie)"
_IS_NAME = re.compile(rf"[a-z0-9_-]*{_NAMES}", re.IGNORECASE)
_NAMED = (
    # No repetition before a name: what a provider sends must not make these slow.
    re.compile(rf"(?i)({_NAMES}=)[^\s\"'&,;<>]+"),
    re.compile(rf"(?i)({_NAMES}[\"']\s*:\s*[\"'])[^\"']+"),
    re.compile(r"(?i)((?:[?&]|\b)(?:code|state)=)[^\s\"'&,;<>]{8,}"),
    re.compile(r"\b(Bearer\s+|(?:bearer|[Bb]asic)\s+(?=\S*[0-9A-Z=]))[A-Za-z0-9._~+/=-]{8,}"),
)


@dataclass(frozen=True, slots=True)
class Redaction:
    """A structlog processor: what comes out is plain JSON values, cleared at every depth."""

    live: LiveSecrets

    def __call__(self, _logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
        return {self.text(str(name)): self._value(name, value, DEEPEST) for name, value in record.items()}

    def text(self, text: str) -> str:
        """`text` without secrets, and cut where it is longer than anybody reads."""
        cleared = self.live.redact(text[:LONGEST_TEXT])
        for named in _NAMED:
            cleared = named.sub(rf"\1{REDACTED}", cleared)
        return cleared

    def _value(self, name: object, value: object, depth: int) -> object:
        if isinstance(name, str) and value is not None and _IS_NAME.fullmatch(name):
            return REDACTED
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(value) if isinstance(value, str) else self._inside(value, depth)

    def _inside(self, value: object, depth: int) -> object:
        if depth == 0:
            return f"<{type(value).__name__}>"
        if isinstance(value, Mapping):
            items = cast("Mapping[object, object]", value).items()
            pairs = [(key if isinstance(key, str) else repr(key), each) for key, each in items]
            return {self.text(key): self._value(key, each, depth - 1) for key, each in pairs}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(None, each, depth - 1) for each in cast("Collection[object]", value)]
        return self.text(repr(value))
