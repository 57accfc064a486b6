"""A HashiCorp Vault with a transit engine and one AEAD key in it.

https://developer.hashicorp.com/vault/api-docs/secret/transit
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.fakes.json_server import Answer

KEY = "evergrant"
PREFIX = "vault:v1:"


@dataclass
class TransitEngine:
    """Lets in whoever has `token`; `denied` are the verbs that the token's policy forbids."""

    token: str = "hvs.test"
    denied: set[str] = field(default_factory=set[str])
    namespaces: list[str | None] = field(default_factory=list[str | None])
    """The namespace of every call."""
    _aead: AESGCM = field(default_factory=lambda: AESGCM(AESGCM.generate_key(256)))

    def __call__(self, path: str, headers: Mapping[str, str], body: dict[str, object]) -> Answer:
        verb, _, key = path.removeprefix("/v1/transit/").partition("/")
        self.namespaces.append(headers.get("X-Vault-Namespace"))
        if headers.get("X-Vault-Token") != self.token or verb in self.denied:
            return 403, {"errors": ["permission denied"]}
        if key != KEY:
            return 400, {"errors": ["encryption key not found"]}
        bound = base64.b64decode(str(body["associated_data"]))
        return self._encrypt(body, bound) if verb == "encrypt" else self._decrypt(body, bound)

    def _encrypt(self, body: dict[str, object], bound: bytes) -> Answer:
        nonce = os.urandom(12)
        sealed = nonce + self._aead.encrypt(nonce, base64.b64decode(str(body["plaintext"])), bound)
        return 200, {"data": {"ciphertext": PREFIX + base64.b64encode(sealed).decode(), "key_version": 1}}

    def _decrypt(self, body: dict[str, object], bound: bytes) -> Answer:
        sealed = base64.b64decode(str(body["ciphertext"]).removeprefix(PREFIX))
        try:
            clear = self._aead.decrypt(sealed[:12], sealed[12:], bound)
        except InvalidTag:
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": base64.b64encode(clear).decode()}}
