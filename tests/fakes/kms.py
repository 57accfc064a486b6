"""AWS KMS with one key: Encrypt and Decrypt in AWS's JSON 1.1 protocol, with its errors.

https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.fakes.json_server import Answer

KEY = "alias/evergrant-test"


@dataclass
class Kms:
    """Seals with the encryption context as associated data; `denied` are the operations a policy forbids."""

    denied: set[str] = field(default_factory=set[str])
    contexts: list[object] = field(default_factory=list[object])
    """The context of every call, as CloudTrail would have it."""
    _aead: AESGCM = field(default_factory=lambda: AESGCM(AESGCM.generate_key(256)))

    def __call__(self, path: str, headers: Mapping[str, str], body: dict[str, object]) -> Answer:
        operation = headers["X-Amz-Target"].removeprefix("TrentService.")
        if path != "/":
            return 404, {"__type": "UnknownOperationException"}
        if not headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=AKIDTEST/"):
            return 400, {"__type": "MissingAuthenticationTokenException"}
        self.contexts.append(body["EncryptionContext"])
        if operation in self.denied:
            return 400, {"__type": "AccessDeniedException", "Message": f"not authorized to perform kms:{operation}"}
        if body["KeyId"] != KEY:
            return 400, {"__type": "NotFoundException", "Message": "Invalid keyId"}
        context = json.dumps(body["EncryptionContext"], sort_keys=True).encode()
        return self._encrypt(body, context) if operation == "Encrypt" else self._decrypt(body, context)

    def _encrypt(self, body: dict[str, object], context: bytes) -> Answer:
        nonce, clear = os.urandom(12), base64.b64decode(str(body["Plaintext"]))
        if len(clear) > 4096:
            return 400, {"__type": "ValidationException"}
        blob = nonce + self._aead.encrypt(nonce, clear, context)
        return 200, {"CiphertextBlob": base64.b64encode(blob).decode(), "KeyId": KEY}

    def _decrypt(self, body: dict[str, object], context: bytes) -> Answer:
        blob = base64.b64decode(str(body["CiphertextBlob"]))
        try:
            clear = self._aead.decrypt(blob[:12], blob[12:], context)
        except InvalidTag:
            return 400, {"__type": "InvalidCiphertextException"}
        return 200, {"Plaintext": base64.b64encode(clear).decode(), "KeyId": KEY}
