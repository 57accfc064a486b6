from collections.abc import Iterator

import pytest
from tests.fakes.json_server import running
from tests.fakes.kms import KEY, Kms

from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.aws_kms import KmsWrapper

CLEAR = b"the ring"


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    """KMS at the endpoint that boto3's own variables name."""
    service = Kms()
    with running(service) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield service


def test_what_kms_seals_it_opens_again(kms: Kms) -> None:
    wrapper = KmsWrapper(KEY, "vault_1")
    wrapped = wrapper.wrap(CLEAR)
    assert CLEAR not in wrapped
    assert wrapper.unwrap(wrapped) == CLEAR


def test_every_call_names_the_vault_in_its_encryption_context(kms: Kms) -> None:
    wrapper = KmsWrapper(KEY, "vault_1")
    wrapper.unwrap(wrapper.wrap(CLEAR))
    assert kms.contexts == [{"evergrant:vault_id": "vault_1"}] * 2


def test_what_is_sealed_for_one_vault_does_not_open_for_another(kms: Kms) -> None:
    wrapped = KmsWrapper(KEY, "vault_1").wrap(CLEAR)
    with pytest.raises(KeyUnavailable, match="InvalidCiphertext"):
        KmsWrapper(KEY, "vault_2").unwrap(wrapped)


def test_a_refusal_of_kms_says_what_to_check(kms: Kms) -> None:
    with pytest.raises(KeyUnavailable, match=r"alias/other.*NotFoundException.*EVERGRANT_AWS_KMS_KEY"):
        KmsWrapper("alias/other", "vault_1").wrap(CLEAR)
    kms.denied = {"Decrypt"}
    with pytest.raises(KeyUnavailable, match="kms:Decrypt"):
        KmsWrapper(KEY, "vault_1").unwrap(b"anything")


def test_without_a_region_or_credentials_kms_is_not_asked(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(KeyUnavailable, match="credentials"):
        KmsWrapper(KEY, "vault_1").wrap(CLEAR)
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(KeyUnavailable, match="region"):
        KmsWrapper(KEY, "vault_1")
    assert kms.contexts == []


def test_kms_that_is_away_is_told(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(kms) as gone:
        pass
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", gone)
    with pytest.raises(KeyUnavailable, match=gone):
        KmsWrapper(KEY, "vault_1").wrap(CLEAR)
