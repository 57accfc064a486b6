"""The bearer token of this vault's own HTTP clients, derived from its key: nothing more to store or to leak."""

import base64
import hashlib
import hmac

from evergrant.model.secret import Secret
from evergrant.vault.keys import MasterKey

PURPOSE = b"evergrant local http bearer v1"


def local_bearer(key: MasterKey) -> Secret:
    """What a client on this machine presents to `/mcp`; whoever can read the key can make it, and nobody else."""
    digest = hmac.new(key.material, PURPOSE, hashlib.sha256).digest()
    return Secret("evg_" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def is_local_bearer(key: MasterKey, presented: str) -> bool:
    """Whether a presented token is the vault's own, in constant time."""
    return hmac.compare_digest(local_bearer(key).reveal().encode(), presented.encode())
