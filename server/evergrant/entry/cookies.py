"""What a browser that proved itself keeps, so that it and no other may bring the provider's answer."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from evergrant.model.secret import Secret

LIFE_S = 600
"""As long as a consent."""


@dataclass(frozen=True, slots=True)
class Cookies:
    """One cookie for each consent: two tabs do not disturb each other, and an old value is good for nothing."""

    secure: bool
    """Whether browsers reach us by https; `__Host-` then keeps other hosts of the domain from setting them."""

    def give(self, response: Response, name: str, secret: Secret) -> None:
        """Have the browser keep the secret."""
        response.set_cookie(
            self._key(name), secret.reveal(), LIFE_S, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def shown(self, request: Request, name: str) -> Secret | None:
        """What the browser has kept under that name."""
        value = request.cookies.get(self._key(name))
        return Secret(value) if value else None

    def drop(self, response: Response, name: str) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self._key(name), path="/", secure=self.secure, httponly=True, samesite="lax")

    def _key(self, name: str) -> str:
        return f"{'__Host-' if self.secure else ''}evergrant_{name}"
