"""What the token endpoint says when it says yes (RFC 6749 section 5.1)."""

from datetime import UTC

from evergrant.model.json import Json, JsonObject
from evergrant.sandbox.behaviour import Behaviour, ExpiresIn
from evergrant.sandbox.family import AccessToken, Issued


def token_answer(issued: Issued, behaviour: Behaviour, *, refreshed: bool) -> JsonObject:
    """The members of the answer, in the shape this service gives them."""
    answer: dict[str, Json] = {
        "access_token": issued.access.text,
        "token_type": "Bearer",
        "scope": " ".join(issued.access.scopes),
        **_life(issued.access, behaviour),
    }
    if not (refreshed and behaviour.omit_refresh_token):
        answer["refresh_token"] = issued.refresh.text
    return answer


def _life(token: AccessToken, behaviour: Behaviour) -> JsonObject:
    if behaviour.expires_in is ExpiresIn.ZERO:
        return {"expires_in": 0}
    if token.expires_at is None or behaviour.expires_in is ExpiresIn.ABSENT:
        return {}
    if behaviour.expires_in is ExpiresIn.EXPIRES_AT_ISO:
        return {"expires_at": token.expires_at.astimezone(UTC).isoformat()}
    seconds = behaviour.access_token_ttl
    return {"expires_in": str(seconds) if behaviour.expires_in is ExpiresIn.STRING else seconds}
