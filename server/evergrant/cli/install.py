"""`evergrant install` and `evergrant uninstall`: tell MCP clients where the server is."""

import os
import shutil
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evergrant.cli.clients import CLIENTS, ConfigRefused, Installed, McpClient, entry, snippet
from evergrant.cli.clients import install as install_entry
from evergrant.cli.clients import uninstall as uninstall_entry
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.model.json import Json
from evergrant.paths import home_folder

SERVER_NAME = "evergrant"


class ClientName(StrEnum):
    """The clients that `CLIENTS` describes."""

    CLAUDE_DESKTOP = "claude-desktop"
    CLAUDE_CODE = "claude-code"
    CURSOR = "cursor"
    VSCODE = "vscode"


Client = Annotated[ClientName, typer.Argument(help="Which program to tell.")]
Print = Annotated[bool, typer.Option("--print", help="Show what would be written, and write nothing.")]


def install(client: Client, show_only: Print = False, as_json: bool = JsonOption) -> None:
    """Add this server to CLIENT's configuration; all else in it stays, and a backup is kept."""
    out = output(as_json)
    chosen = CLIENTS[client.value]
    try:
        ours = entry(command_path(), vault_home(), vault_settings())
    except ConfigRefused as refused:
        out.fail(Exit.FAILED, "config_refused", str(refused))
    if show_only:
        out.show(ours, snippet(chosen, ours, SERVER_NAME))
        return
    _change(out, chosen, lambda path: install_entry(chosen, path, ours, SERVER_NAME))


def uninstall(client: Client, as_json: bool = JsonOption) -> None:
    """Take this server out of CLIENT's configuration again."""
    out = output(as_json)
    chosen = CLIENTS[client.value]
    _change(out, chosen, lambda path: uninstall_entry(chosen, path, SERVER_NAME))


def command_path() -> Path:
    """The installed console script: clients start it with an almost empty environment, so its path must be whole."""
    beside = Path(sys.executable).with_name("evergrant")
    found = beside if beside.exists() else shutil.which("evergrant")
    if found is None:
        raise ConfigRefused("The evergrant command was not found. Install the package first: ./scripts/start")
    return Path(found).absolute()


def vault_home() -> Path | None:
    """The vault's folder where it is not the usual one: the client's environment will not have ours."""
    here = home_folder(os.environ)  # noqa: TID251  (what is written into the client's file, not a setting read here)
    return None if here == home_folder({}) else here


def vault_settings() -> dict[str, str]:
    """Every setting made here but the vault's folder: the client starts the server with an environment of its own.

    A key or a token that is given in the environment does not come along: it must not lie in a file that is not ours.
    """
    here = os.environ  # noqa: TID251  (what is written into the client's file, not a setting read here)
    ours = {name: value for name, value in sorted(here.items()) if name.startswith("EVERGRANT_") and value}
    for kept_out in ("EVERGRANT_HOME", "EVERGRANT_KEY", "EVERGRANT_TOKEN", "EVERGRANT_URL"):
        ours.pop(kept_out, None)
    for name in {"EVERGRANT_KEY_FILE", "EVERGRANT_PASSPHRASE_FILE"} & ours.keys():
        ours[name] = str(Path(ours[name]).absolute())
    if "EVERGRANT_CONNECTOR_PATH" in ours:
        folders = (str(Path(part).absolute()) for part in ours["EVERGRANT_CONNECTOR_PATH"].split(":") if part)
        ours["EVERGRANT_CONNECTOR_PATH"] = ":".join(folders)
    return ours


def _change(out: Output, client: McpClient, change: Callable[[Path], Installed]) -> None:
    path = client.locate(sys.platform, Path.home(), os.environ)  # noqa: TID251  (where the other program's file lies)
    try:
        done = change(path)
    except ConfigRefused as refused:
        out.fail(Exit.FAILED, "config_refused", str(refused))
    backup = str(done.backup) if done.backup else None
    said: dict[str, Json] = {"client": client.name, "file": str(path), "changed": done.changed, "backup": backup}
    kept = f" The former one is kept as {backup}." if backup else ""
    text = f"{client.title}: {path} changed.{kept}\n{client.afterwards}" if done.changed else f"{path} was so already."
    out.show(said, text)
