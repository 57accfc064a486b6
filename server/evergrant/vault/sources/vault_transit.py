"""HashiCorp Vault's transit engine: the key stays there, and we send what it is to seal or open.

API: https://developer.hashicorp.com/vault/api-docs/secret/transit
"""

import base64
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import httpx2

from evergrant.model.secret import Secret
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.given import Transit
from evergrant.vault.sources.private_file import read_mounted

TIMEOUT_S = 10.0


class TransitWrapper:
    """Wraps for one vault with a transit key."""

    def __init__(self, transit: Transit, vault_id: str) -> None:
        """Raises KeyUnavailable where the address would carry the token in clear."""
        if not _private(transit.address):
            raise KeyUnavailable(f"VAULT_ADDR is {transit.address}. Give an https address: the token would be read.")
        self._transit = transit
        self._context = _base64(vault_id.encode())

    def wrap(self, clear: bytes) -> bytes:
        """`POST transit/encrypt/:name`; raises KeyUnavailable."""
        return self._call("encrypt", "plaintext", _base64(clear), "ciphertext").encode()

    def unwrap(self, wrapped: bytes) -> bytes:
        """`POST transit/decrypt/:name`; raises KeyUnavailable."""
        return base64.b64decode(self._call("decrypt", "ciphertext", wrapped.decode("latin-1"), "plaintext"))

    def _call(self, verb: str, field: str, value: str, answer: str) -> str:
        # `context` binds to the vault where the key is a derived one, `associated_data` where it is an AEAD's.
        body = {field: value, "context": self._context, "associated_data": self._context}
        url = f"{self._transit.address.rstrip('/')}/v1/transit/{verb}/{quote(self._transit.key, safe='')}"
        try:
            response = httpx2.post(url, json=body, headers=self._headers(), timeout=TIMEOUT_S, follow_redirects=False)
        except httpx2.HTTPError as error:
            raise KeyUnavailable(f"The Vault at {self._transit.address} cannot be reached: {error}") from None
        try:
            told: str = response.json()["data"][answer]
        except (ValueError, LookupError, TypeError):
            raise KeyUnavailable(self._refusal(verb, response)) from None
        return told

    def _headers(self) -> dict[str, str]:
        token = _token(self._transit)
        namespace = {"X-Vault-Namespace": self._transit.namespace} if self._transit.namespace else {}
        return {"X-Vault-Token": token.reveal(), "X-Vault-Request": "true", **namespace}

    def _refusal(self, verb: str, response: httpx2.Response) -> str:
        return (
            f"The Vault at {self._transit.address} does not {verb} with the transit key {self._transit.key!r} "
            f"(status {response.status_code}). Check VAULT_TOKEN, its policy, and that the key exists."
        )


def _token(transit: Transit) -> Secret:
    """The token; its file is read anew each time, since an agent renews it."""
    if transit.token_file:
        return Secret(read_mounted(transit.token_file)[0].decode("latin-1").strip())
    if transit.token:
        return transit.token
    raise KeyUnavailable(f"No token for the Vault at {transit.address} is given. Set VAULT_TOKEN_FILE or VAULT_TOKEN.")


def _private(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and _loopback(parts.hostname or ""))


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
