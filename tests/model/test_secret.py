import copy
import dataclasses
import json
import logging
import pickle
import string
import traceback
from collections.abc import Callable
from typing import cast

import pytest
import rich
import structlog
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter
from rich.console import Console
from rich.pretty import pretty_repr

from evergrant.model.secret import Secret

VALUE = "tok-7f3a9c"


@dataclasses.dataclass(frozen=True)
class Holder:
    secret: Secret


class Answer(BaseModel):
    """A model that holds a secret, which pydantic itself knows nothing of."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    token: Secret


def _inspected(secret: Secret) -> str:
    console = Console(record=True, quiet=True, width=200)
    rich.inspect(secret, console=console, private=True, methods=True)
    return console.export_text()


WAYS: dict[str, Callable[[Secret], object]] = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "format": format,
    "format with a width": lambda secret: format(secret, ">20"),
    "an f-string": lambda secret: f"{secret}",
    "an f-string that shows it": lambda secret: f"{secret!r:>40}",
    "str.format": "the token is {}".format,
    "a percent sign": lambda secret: "%s" % secret,  # noqa: UP031 - the operator is what is tried
    "a template": lambda secret: string.Template("$token").substitute(token=secret),
    "join": lambda secret: "".join(cast("list[str]", [secret])),
    "bytes": lambda secret: bytes(cast("list[int]", secret)),
    "list": lambda secret: list(cast("list[str]", secret)),
    "vars": vars,
    "its state": lambda secret: secret.__getstate__(),
    "its reduction": lambda secret: secret.__reduce_ex__(4),
    "pickle": pickle.dumps,
    "a copy": lambda secret: repr(copy.copy(secret)),
    "a deep copy": lambda secret: repr(copy.deepcopy({"token": secret})),
    "asdict": lambda secret: dataclasses.asdict(Holder(secret)),
    "astuple": lambda secret: dataclasses.astuple(Holder(secret)),
    "json": lambda secret: json.dumps({"token": secret}),
    "json with str": lambda secret: json.dumps(secret, default=str),
    "json with vars": lambda secret: json.dumps(secret, default=vars),
    "json with repr": lambda secret: json.dumps(secret, default=repr),
    "yaml": lambda secret: yaml.dump({"token": secret}),
    "pydantic": lambda secret: repr(Answer(token=secret)) + repr(Answer(token=secret).model_dump()),
    "pydantic's JSON": lambda secret: Answer(token=secret).model_dump_json(),
    "pydantic's JSON of anything": lambda secret: TypeAdapter(object).dump_json(secret),
    "pydantic's JSON with repr": lambda secret: Answer(token=secret).model_dump_json(fallback=repr),
    "structlog": lambda secret: structlog.processors.JSONRenderer()(None, "info", {"token": secret}),
    "structlog's pairs": lambda secret: structlog.processors.KeyValueRenderer()(None, "info", {"token": secret}),
    "a logging record": lambda secret: logging.makeLogRecord({"msg": "%s", "args": (secret,)}).getMessage(),
    "rich": pretty_repr,
    "rich's inspection": _inspected,
}


@pytest.fixture
def secret() -> Secret:
    return Secret(VALUE)


def test_reveal_gives_the_value(secret: Secret) -> None:
    assert secret.reveal() == VALUE


@pytest.mark.parametrize("way", WAYS)
@given(rest=st.text())
def test_no_way_but_reveal_shows_the_value(way: str, rest: str) -> None:
    try:
        shown = str(WAYS[way](Secret(VALUE + rest)))
    except Exception as error:  # noqa: BLE001 - whatever it raises must not show the value either
        shown = "".join(traceback.format_exception_only(error))
    assert VALUE not in shown


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


def test_secrets_that_no_encoding_takes_can_be_compared() -> None:
    assert Secret("\ud800") == Secret("\ud800")
    assert Secret("\ud800") != Secret("\ud801")


def test_a_secret_is_no_key(secret: Secret) -> None:
    with pytest.raises(TypeError):
        hash(secret)
