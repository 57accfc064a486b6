import base64
from pathlib import Path

import pytest

from evergrant.model.secret import Secret
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.given import Given, given_key, given_passphrase, key_place, passphrase_place

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()


def written(path: Path, content: str = TEXT, mode: int = 0o400) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """What systemd passes to a unit with both credentials."""
    folder = tmp_path / "credentials"
    written(folder / "evergrant-key")
    written(folder / "evergrant-passphrase", "correct horse\n")
    return folder


def typed(_new: bool) -> Secret:
    return Secret("typed by a person")


def test_a_key_is_taken_from_a_file_a_credential_or_the_environment_in_this_order(
    tmp_path: Path, credentials: Path
) -> None:
    file, variable = written(tmp_path / "key"), Secret(TEXT)
    everything = Given(key=variable, key_file=file, credentials=credentials)
    for given, name in (
        (everything, f"EVERGRANT_KEY_FILE ({file})"),
        (Given(key=variable, credentials=credentials), "the systemd credential evergrant-key"),
        (Given(key=variable, credentials=tmp_path), "EVERGRANT_KEY"),
    ):
        key, handed = given_key(given)
        assert (key, handed.name, key_place(given)) == (KEY, name, name)


def test_a_passphrase_is_taken_from_a_file_a_credential_or_a_person_in_this_order(
    tmp_path: Path, credentials: Path
) -> None:
    file = written(tmp_path / "passphrase", "from the file \r\n")
    handed = given_passphrase(Given(passphrase_file=file, credentials=credentials, ask=typed), new=True)
    assert (handed.secret.reveal(), handed.name) == ("from the file ", f"EVERGRANT_PASSPHRASE_FILE ({file})")
    handed = given_passphrase(Given(credentials=credentials, ask=typed), new=True)
    assert handed.secret.reveal() == "correct horse"
    handed = given_passphrase(Given(ask=typed), new=True)
    assert handed.secret.reveal() == "typed by a person"


def test_a_person_is_asked_twice_only_for_a_new_passphrase() -> None:
    asked = list[bool]()

    def ask(new: bool) -> Secret:
        asked.append(new)
        return Secret("typed by a person")

    given_passphrase(Given(ask=ask), new=True)
    given_passphrase(Given(ask=ask), new=False)
    assert asked == [True, False]


def test_a_person_who_could_be_asked_is_not_a_passphrase_that_is_given() -> None:
    assert passphrase_place(Given(ask=typed)) is None
    assert key_place(Given()) is None


def test_where_nothing_is_given_it_says_what_could_be(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match=r"EVERGRANT_KEY_FILE.*evergrant-key.*EVERGRANT_KEY"):
        given_key(Given(credentials=tmp_path))
    with pytest.raises(KeyUnavailable, match=r"EVERGRANT_PASSPHRASE_FILE.*evergrant-passphrase.*evergrant serve"):
        given_passphrase(Given(credentials=tmp_path), new=True)


def test_a_broken_place_is_refused_though_the_next_one_is_good(tmp_path: Path, credentials: Path) -> None:
    missing = Given(key=Secret(TEXT), key_file=tmp_path / "missing", passphrase_file=tmp_path / "missing", ask=typed)
    with pytest.raises(KeyUnavailable, match="There is no file"):
        given_key(missing)
    with pytest.raises(KeyUnavailable, match="There is no file"):
        given_passphrase(missing, new=False)
    written(credentials / "evergrant-key-2", "not a key").rename(credentials / "evergrant-key")
    with pytest.raises(KeyUnavailable, match=r"no 32-byte key in base64 in the systemd credential.*openssl rand"):
        given_key(Given(key=Secret(TEXT), credentials=credentials))


@pytest.mark.parametrize("key", ["", "short", base64.b64encode(bytes(31)).decode(), TEXT + TEXT])
def test_what_is_no_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(KeyUnavailable, match="EVERGRANT_KEY") as refused:
        given_key(Given(key=Secret(key)))
    assert not key or key not in str(refused.value)


def test_a_new_passphrase_of_fewer_than_eight_characters_is_refused(tmp_path: Path) -> None:
    given = Given(passphrase_file=written(tmp_path / "passphrase", "seven77\n"))
    with pytest.raises(KeyUnavailable, match="8 characters"):
        given_passphrase(given, new=True)
    assert given_passphrase(given, new=False).secret.reveal() == "seven77"


def test_a_key_in_the_environment_and_a_file_that_all_can_read_are_warned_of(tmp_path: Path) -> None:
    _, handed = given_key(Given(key=Secret(TEXT)))
    assert handed.warning is not None
    assert "EVERGRANT_KEY_FILE" in handed.warning
    file = written(tmp_path / "key", mode=0o444)
    _, handed = given_key(Given(key_file=file))
    assert handed.warning is not None
    assert f"chmod 600 {file}" in handed.warning
    file.chmod(0o400)
    _, handed = given_key(Given(key_file=file))
    assert handed.warning is None


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"\xff" * 32)
    with pytest.raises(KeyUnavailable, match="not text"):
        given_key(Given(key_file=file))


def test_what_is_given_does_not_show() -> None:
    assert TEXT not in repr(Given(key=Secret(TEXT)))
