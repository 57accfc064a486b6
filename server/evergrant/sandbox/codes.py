"""Authorization codes and PKCE."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from evergrant.sandbox.family import Grant
from evergrant.sandbox.grants import Grants
from evergrant.sandbox.refusal import Refusal

LIFE = timedelta(seconds=60)


@dataclass(frozen=True)
class Consent:
    """What a user agreed to, and what the client must show to redeem it."""

    client_id: str
    user: str
    scopes: tuple[str, ...]
    redirect_uri: str
    code_challenge: str


@dataclass(eq=False)
class Code:
    """A code on its way. `grant` is what it was redeemed for."""

    consent: Consent
    expires_at: datetime
    text: str = field(default_factory=lambda: f"sbx_code_{secrets.token_urlsafe(24)}", repr=False)
    grant: Grant | None = None


class Codes:
    """The codes of a run: good for 60 seconds and one use."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants
        self._codes: dict[str, Code] = {}

    def new(self, consent: Consent, now: datetime) -> str:
        """The code for a consent."""
        code = Code(consent, now + LIFE)
        self._codes[code.text] = code
        return code.text

    def present(self, text: str, client_id: str, redirect_uri: str, verifier: str, now: datetime) -> Code:
        """The code, ready to be redeemed; the caller sets its `grant`.

        Raises Refusal (invalid_grant) for a code that is unknown, another client's, expired, or whose redirect URI or
        PKCE verifier differs. A code presented again also ends what it was redeemed for (RFC 6749 section 4.1.2).
        """
        code = self._codes.get(text)
        if code is None or code.consent.client_id != client_id:
            raise Refusal("invalid_grant", "The code is not one of this client's.")
        if code.grant is not None:
            self._grants.kill(code.grant, "code_reused")
            raise Refusal("invalid_grant", "The code was used before.")
        if now >= code.expires_at:
            raise Refusal("invalid_grant", "The code has expired.")
        if redirect_uri != code.consent.redirect_uri:
            raise Refusal("invalid_grant", "redirect_uri is not the one of the authorization request.")
        if not proves(verifier, code.consent.code_challenge):
            raise Refusal("invalid_grant", "code_verifier does not match the code_challenge.")
        return code


def proves(verifier: str, challenge: str) -> bool:
    """Whether a PKCE verifier is well formed and has this S256 challenge (RFC 7636 sections 4.1 and 4.6)."""
    if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return secrets.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)
