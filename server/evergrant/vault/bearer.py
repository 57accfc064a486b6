"""The bearer token of this vault's own HTTP clients, made of its key ring: nothing more to store or to leak."""

import base64
import hmac

from evergrant.model.secret import Secret
from evergrant.vault.ring import KeyRing


def local_bearer(ring: KeyRing) -> Secret:
    """What a client on this machine presents to `/mcp`; whoever can read the ring can make it, and nobody else."""
    return Secret("evg_" + base64.urlsafe_b64encode(ring.bearer).rstrip(b"=").decode())


def is_local_bearer(ring: KeyRing, presented: str) -> bool:
    """Whether a presented token is the vault's own, in constant time."""
    return hmac.compare_digest(local_bearer(ring).reveal().encode(), presented.encode())
