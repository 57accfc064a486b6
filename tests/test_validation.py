"""pydantic shows what it was given in every error; no model or adapter of this program lets it."""

import ast
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from mcp.types import jsonrpc_message_adapter
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlmodel import SQLModel

import evergrant

CANARY = "sbx_rt_canary-that-must-not-be-shown"
CUT_OFF = f'{{"access_token": "{CANARY}", "refre'
SHOWN = {"connector_path", "allow_private_hosts"}
"""A folder that is missing, and a network that is none, are named to the person who set them."""
RUN_WHEN_IMPORTED = (".__main__", ".migrations.")


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(evergrant.__path__, "evergrant."):
        if not any(name in found.name + "." for name in RUN_WHEN_IMPORTED):
            yield importlib.import_module(found.name)


def below(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in base.__subclasses__():
        yield each
        yield from below(each)


MODULES = list(modules())
MODELS = {
    f"{model.__module__}.{model.__qualname__}": model
    for model in below(BaseModel)
    # Tables are not checked by pydantic, and hold nothing but sealed bytes. A library's tool is made of what we
    # declare: the inputs of its calls do not go through it.
    if model.__module__.startswith("evergrant.") and not issubclass(model, (SQLModel, BaseTool))
}
ADAPTERS: dict[str, TypeAdapter[Any]] = {
    f"{module.__name__}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, TypeAdapter) and value is not jsonrpc_message_adapter  # the SDK's; its error is dropped
}


def test_there_are_models_and_adapters_to_try() -> None:
    assert len(MODELS) > 20
    assert {name.rpartition(".")[2] for name in ADAPTERS} >= {"_TOOLS", "_CONNECTOR"}


@pytest.mark.parametrize("name", MODELS)
def test_no_error_of_a_model_shows_what_was_validated(name: str) -> None:
    model = MODELS[name]
    fields = dict.fromkeys(model.model_fields.keys() - SHOWN, CANARY)
    for value in ({"unheard_of": CANARY}, fields, [CANARY], CANARY):
        assert_hidden(model.model_validate, value)
    assert_hidden(model.model_validate_json, CUT_OFF)
    assert model.model_config.get("hide_input_in_errors") is True


@pytest.mark.parametrize("name", ADAPTERS)
def test_no_error_of_an_adapter_shows_what_was_validated(name: str) -> None:
    adapter = ADAPTERS[name]
    for value in ({"unheard_of": CANARY}, [CANARY], CANARY):
        assert_hidden(adapter.validate_python, value)
    assert_hidden(adapter.validate_json, CUT_OFF)


def assert_hidden(validate: Callable[[Any], object], value: object) -> None:
    shown = ""
    try:
        validate(value)
    except ValidationError as error:
        shown = str(error) + repr(error)
    assert CANARY not in shown


def test_adapters_are_made_where_this_test_finds_them() -> None:
    inside: list[str] = []
    for path in sorted(Path(evergrant.__path__[0]).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        inside += [f"{path}:{function.lineno}" for function in functions if any(map(makes_adapter, ast.walk(function)))]
    assert inside == []


def makes_adapter(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "TypeAdapter"
