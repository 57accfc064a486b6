"""Sealed links: claims that only this vault can make and read, their confirmation codes, and short-lived tickets.

Nothing of it is stored. The sealed text has a nonce of its own, so that two links for the same thing differ.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from evergrant.model.clock import from_epoch
from evergrant.model.ids import crockford
from evergrant.model.link import Claims
from evergrant.model.secret import Secret
from evergrant.vault.seal import FORMAT, UNNAMED, SealBroken, Sealer

CODE_BITS = 40
HEADER = FORMAT + UNNAMED
"""The same in every link, so it is left out of the text."""


class _Document(BaseModel):
    """The claims as JSON."""

    model_config = ConfigDict(hide_input_in_errors=True)

    claims: Claims


class LinkSeal:
    """Makes and opens the links of one vault, with a key that stays when the vault's key changes."""

    def __init__(self, key: bytes, vault_id: str) -> None:
        self._sealer = Sealer(_derived(key, b"seal"), vault_id)
        self._code_key = _derived(key, b"code")
        self._proof_key = _derived(key, b"proof")

    def seal(self, claims: Claims) -> str:
        """The opaque text of a link, fit for a path."""
        return _text(
            self._sealer.wrap(_Document(claims=claims).model_dump_json(exclude_defaults=True).encode(), "link")
        )

    def open(self, handle: str) -> Claims:
        """What the link stands for; raises SealBroken for anything that this vault did not make."""
        return _Document.model_validate_json(self._sealer.unwrap(_sealed(handle), "link")).claims

    def code(self, handle: str) -> str:
        """The link's confirmation code: 40 bits in Crockford's base32, as XXXX-XXXX."""
        digest = hmac.new(self._code_key, handle.encode(), hashlib.sha256).digest()
        text = crockford(int.from_bytes(digest) >> (8 * len(digest) - CODE_BITS), CODE_BITS // 5)
        return f"{text[:4]}-{text[4:]}"

    def ticket(self, handle: str, expires_at: datetime) -> Secret:
        """What stands for the code until then, where a program of ours opens the browser itself."""
        until = json.dumps(expires_at.timestamp()).encode()
        return Secret(_text(self._sealer.wrap(until, "ticket", link_hash(handle))))

    def ticket_end(self, handle: str, ticket: str) -> datetime:
        """When the ticket ends; raises SealBroken where it is none for this link."""
        return from_epoch(float(self._sealer.unwrap(_sealed(ticket), "ticket", link_hash(handle))))

    def proof(self, handle: str, browser: Secret) -> str:
        """What says that the browser with that secret has shown a ticket for this link."""
        text = f"{handle} {browser.reveal()}"
        return hmac.new(self._proof_key, text.encode(), hashlib.sha256).hexdigest()


def link_hash(handle: str) -> str:
    """How a link is known to the database, which must not be able to say it."""
    return hashlib.sha256(handle.encode()).hexdigest()


def same_code(expected: str, given: str) -> bool:
    """Whether a person typed this code, whatever they made of its letters and its hyphen."""
    typed = "".join(character for character in given.upper() if character.isalnum() and character.isascii())
    meant = typed.translate(str.maketrans("OIL", "011"))
    return hmac.compare_digest(expected.replace("-", ""), meant)


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, purpose, hashlib.sha256).digest()


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed.removeprefix(HEADER)).rstrip(b"=").decode("ascii")


def _sealed(text: str) -> bytes:
    """Raises SealBroken also for another spelling of the same bytes, which would count as a link of its own."""
    try:
        sealed = HEADER + base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        raise SealBroken("It is no link.") from None
    if _text(sealed) != text:
        raise SealBroken("It is no link.")
    return sealed
