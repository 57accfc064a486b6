import copy
import dataclasses
import json
import logging
import pickle
import traceback

import pytest

from evergrant.model.secret import Secret

VALUE = "tok-7f3a9c"


@dataclasses.dataclass(frozen=True)
class Holder:
    secret: Secret


@pytest.fixture
def secret() -> Secret:
    return Secret(VALUE)


def test_reveal_gives_the_value(secret: Secret) -> None:
    assert secret.reveal() == VALUE


def test_a_secret_cannot_be_printed(secret: Secret) -> None:
    with pytest.raises(TypeError):
        str(secret)


def test_a_secret_cannot_be_formatted(secret: Secret) -> None:
    with pytest.raises(TypeError):
        format(secret)
    with pytest.raises(TypeError):
        print(f"the token is {secret}")  # noqa: T201 - it never gets that far
    with pytest.raises(TypeError):
        print("{:>20}".format(secret))  # noqa: T201, UP032 - the method is what is tested
    with pytest.raises(TypeError):
        print("%s" % secret)  # noqa: T201, UP031 - likewise


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(secret: Secret, protocol: int) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(secret, protocol)


def test_a_secret_cannot_be_copied_into_plain_data(secret: Secret) -> None:
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        dataclasses.asdict(Holder(secret))


def test_a_secret_is_no_json(secret: Secret) -> None:
    with pytest.raises(TypeError):
        json.dumps({"token": secret})
    with pytest.raises(TypeError):
        json.dumps({"token": secret}, default=str)


def test_a_secret_has_no_attributes_to_walk(secret: Secret) -> None:
    with pytest.raises(TypeError):
        vars(secret)


def test_what_holds_a_secret_can_be_shown(secret: Secret) -> None:
    assert repr(Holder(secret)) == "Holder(secret=Secret(...))"
    assert f"{secret!r}" == "Secret(...)"


def test_a_traceback_that_shows_locals_shows_no_value(secret: Secret) -> None:
    def fails(token: Secret) -> None:
        raise RuntimeError(token)

    with pytest.raises(RuntimeError) as caught:
        fails(secret)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "token = Secret(...)" in shown
    assert VALUE not in shown


def test_a_logger_writes_no_value(secret: Secret, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.Logger("a logger of this test")  # noqa: LOG001 - a global one would keep its stream
    logger.addHandler(logging.StreamHandler())
    logger.error("the token is %s", secret)
    logger.error("the token is %r", secret)
    shown = capsys.readouterr().err
    assert VALUE not in shown
    assert "the token is Secret(...)" in shown


def test_secrets_are_equal_by_value_and_to_secrets_only(secret: Secret) -> None:
    assert secret == Secret(VALUE)
    assert secret != Secret(VALUE + "x")
    assert secret != VALUE
    assert Secret("ä") == Secret("ä")


def test_a_secret_is_no_key(secret: Secret) -> None:
    with pytest.raises(TypeError):
        hash(secret)
