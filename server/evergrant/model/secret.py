"""The one type for tokens, client secrets, codes and verifiers: it cannot be printed, formatted or pickled."""

import hmac
from typing import NoReturn, final


@final
class Secret:
    """A value that only `reveal` gives out.

    `repr` is a fixed text, since tracebacks and dataclasses call it; `str`, `format`, pickling and copying raise
    TypeError, so a mistake shows at once instead of in a log.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one request or the one seal that needs it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(_bytes(self), _bytes(other))

    __hash__ = None  # type: ignore[assignment]  # a secret is never a key

    def __repr__(self) -> str:
        return "Secret(...)"

    def __str__(self) -> NoReturn:
        raise TypeError("a Secret cannot be printed")

    def __format__(self, format_spec: str) -> NoReturn:
        raise TypeError("a Secret cannot be formatted")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret has no state to show")


def _bytes(secret: Secret) -> bytes:
    """Also of a text that no encoding takes: the error would carry the whole of it."""
    return secret.reveal().encode("utf-8", "surrogatepass")
