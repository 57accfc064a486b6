"""Who comes in over HTTP: bearers of a token (RFC 6750); all others are told what is wanted, and where to get it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response
from structlog.typing import FilteringBoundLogger

from evergrant.entry.api.problem import internal_error, problem, unavailable
from evergrant.entry.mcp.wall import Wall
from evergrant.model.principal import Principal
from evergrant.oauth.access_token import BadToken
from evergrant.oauth.issuer import IssuerUnavailable
from evergrant.service.token_desk import InsufficientScope, NoStanding
from evergrant.store.database import StoreUnavailable
from evergrant.vault.seal import SealBroken

AGAIN_S = "60"
REALM = "evergrant"

Verify = Callable[[str], Awaitable[Principal | None]]
"""Who bears a token; None for a token that is not ours.

Raises BadToken, NoStanding, IssuerUnavailable, StoreUnavailable, SealBroken.
"""


@dataclass(frozen=True, slots=True)
class Door:
    """Lets bearers in."""

    verify: Verify
    log: FilteringBoundLogger
    metadata_url: str | None = None
    """Where a client reads who issues tokens for us (RFC 9728 3); None where nobody does."""

    async def admit(self, headers: Headers, wanted: str) -> Principal | Response:
        """Who sent a request with these headers, or the answer to it; `wanted` is the scope that its bearer needs."""
        token = _borne(headers)
        if token is None:
            return self._unauthorized(wanted)
        with Wall(self.log, "verifying a bearer") as wall:
            return await self._verified(token, wanted)
        return internal_error(wall.reference)

    def challenged(self, response: Response, scope: str, error: str | None = None) -> Response:
        """The same answer, which says to clients what to ask an issuer for (RFC 6750 3, RFC 9728 5.1)."""
        where = self.metadata_url
        said = (
            {"error": error, "resource_metadata": where, "scope": scope} if where else {"realm": REALM, "error": error}
        )
        parts = ", ".join(f'{name}="{value}"' for name, value in said.items() if value)
        response.headers["WWW-Authenticate"] = f"Bearer {parts}"
        return response

    def too_little(self, response: Response, scope: str) -> Response:
        """The same refusal, which says what scope would do, where there is somebody to ask for it."""
        return self.challenged(response, scope, "insufficient_scope") if self.metadata_url else response

    async def _verified(self, token: str, wanted: str) -> Principal | Response:
        try:
            return await self.verify(token) or self._unauthorized(wanted, "invalid_token")
        except BadToken as error:
            self.log.info("an access token was refused", reason=str(error))
            return self._unauthorized(wanted, "invalid_token")
        except InsufficientScope as error:
            # In the body, `insufficient_scope` is what an account lacks at its provider.
            refused = problem(403, "not_allowed", str(error), f"Ask the issuer for the scope {wanted}.")
            return self.too_little(refused, wanted)
        except NoStanding as error:
            return problem(
                403, "not_allowed", str(error), "The operator of this server, or of its issuer, corrects it."
            )
        except IssuerUnavailable as error:
            self.log.warning("an access token cannot be verified", reason=str(error))
            return _nobody_to_ask()
        except (StoreUnavailable, SealBroken) as error:
            return unavailable(error)

    def _unauthorized(self, wanted: str, error: str | None = None) -> Response:
        bearers = "an API key, an access token of the issuer" if self.metadata_url else "an API key"
        response = problem(
            401,
            "unauthorized",
            "This address is for bearers of a token, and this one is not good."
            if error
            else "This address is for bearers of a token.",
            f"Send the header  Authorization: Bearer <{bearers}, or what `evergrant token` prints>.",
        )
        return self.challenged(response, wanted, error)


def _borne(headers: Headers) -> str | None:
    """The token of the one header that may carry it."""
    sent = headers.getlist("Authorization")
    scheme, _, token = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _nobody_to_ask() -> Response:
    response = problem(
        503,
        "issuer_unavailable",
        "The issuer of access tokens cannot be asked for its keys, so this token can be neither taken nor refused.",
        "Keep the token, and try again in a minute.",
        retryable=True,
    )
    response.headers["Retry-After"] = AGAIN_S
    return response
