"""AWS KMS: the key stays there, and we send what it is to seal or open. Needs boto3: the extra `evergrant[aws]`.

API: https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html. Region, credentials and endpoint come from
boto3's own variables and files.
"""

from typing import Protocol, TypedDict, cast

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from evergrant.vault.ring import KeyUnavailable

CONTEXT = "evergrant:vault_id"
"""Stands in CloudTrail, and a key policy may ask for it."""
PATIENCE = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 2})


class Encrypted(TypedDict):
    """What Encrypt answers."""

    CiphertextBlob: bytes


class Decrypted(TypedDict):
    """What Decrypt answers."""

    Plaintext: bytes


class Kms(Protocol):
    """The part of boto3's client that is used here."""

    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: dict[str, str]) -> Encrypted: ...  # noqa: N803
    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: dict[str, str]) -> Decrypted: ...  # noqa: N803


class KmsWrapper:
    """Wraps for one vault with a KMS key; Encrypt takes 4,096 bytes, and a ring is far shorter."""

    def __init__(self, key: str, vault_id: str) -> None:
        """`key` is an id, an ARN or `alias/...`; raises KeyUnavailable where boto3 has no region or credentials."""
        self._key = key
        self._context = {CONTEXT: vault_id}
        try:
            made = Session().client("kms", config=PATIENCE)  # pyright: ignore  (boto3 brings no types)
            self._kms = cast("Kms", made)
        except (BotoCoreError, ValueError) as error:
            raise self._refused(error) from None

    def wrap(self, clear: bytes) -> bytes:
        """Encrypt; raises KeyUnavailable."""
        try:
            answer = self._kms.encrypt(KeyId=self._key, Plaintext=clear, EncryptionContext=self._context)
        except (BotoCoreError, ClientError) as error:
            raise self._refused(error) from None
        return answer["CiphertextBlob"]

    def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt; raises KeyUnavailable."""
        try:
            answer = self._kms.decrypt(KeyId=self._key, CiphertextBlob=wrapped, EncryptionContext=self._context)
        except (BotoCoreError, ClientError) as error:
            raise self._refused(error) from None
        return answer["Plaintext"]

    def _refused(self, error: Exception) -> KeyUnavailable:
        return KeyUnavailable(
            f"AWS KMS does not work with the key {self._key!r}: {error}. Check EVERGRANT_AWS_KMS_KEY, AWS_REGION, the "
            "credentials, and that the key's policy allows kms:Encrypt and kms:Decrypt."
        )
