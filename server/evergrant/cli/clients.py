"""The configuration files of MCP clients: where they lie, and how Evergrant's entry is put in and taken out.

A file is edited as text: to parse it and write it back would reformat what belongs to its owner.
"""

import codecs
import json
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from evergrant.cli.json_text import checked, with_entry, without_entry
from evergrant.model.json import Json, JsonObject, at

NAME: Final = "evergrant"


class ConfigRefused(Exception):
    """The client's configuration was left as it was. The message says why and what to do next."""


@dataclass(frozen=True, slots=True)
class McpClient:
    """A program that starts MCP servers, and what it expects of its configuration file.

    `locate(platform, home, environment)` gives the file for all of a user's projects; `platform` as in sys.platform.
    """

    name: str
    title: str
    locate: Callable[[str, Path, Mapping[str, str]], Path]
    afterwards: str  # what a person does for the change to take effect
    key: str = "mcpServers"
    typed: bool = False  # each entry says "type": "stdio"
    comments: bool = False  # the file may be JSON with comments

    def shaped(self, entry: JsonObject) -> JsonObject:
        """The entry as this client wants it."""
        return {"type": "stdio", **entry} if self.typed else entry


@dataclass(frozen=True, slots=True)
class Installed:
    """What came of `install` or `uninstall`. `backup` is the copy made before a change to a file that was there."""

    changed: bool
    backup: Path | None = None


def _application_data(platform: str, home: Path, env: Mapping[str, str]) -> Path:
    if platform == "darwin":
        return home / "Library" / "Application Support"
    if platform == "win32":
        return Path(env.get("APPDATA") or home / "AppData" / "Roaming")
    return Path(env.get("XDG_CONFIG_HOME") or home / ".config")


def _claude_desktop(platform: str, home: Path, env: Mapping[str, str]) -> Path:
    folder = _application_data(platform, home, env) / "Claude"
    if platform == "win32":
        # Windows redirects the application data of a packaged (MSIX) program, which then never reads the usual folder.
        local = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local")
        folder = min(local.glob("Packages/Claude_*/LocalCache/Roaming/Claude"), default=folder)
    return folder / "claude_desktop_config.json"


def _claude_code(_platform: str, home: Path, env: Mapping[str, str]) -> Path:
    return Path(env.get("CLAUDE_CONFIG_DIR") or home) / ".claude.json"


def _cursor(_platform: str, home: Path, _env: Mapping[str, str]) -> Path:
    return home / ".cursor" / "mcp.json"


def _vscode(platform: str, home: Path, env: Mapping[str, str]) -> Path:
    return _application_data(platform, home, env) / "Code" / "User" / "mcp.json"


_ALL: Final = (
    McpClient("claude-desktop", "Claude Desktop", _claude_desktop, "Quit Claude Desktop completely and open it again."),
    McpClient("claude-code", "Claude Code", _claude_code, "Start a new session; /mcp lists the server.", typed=True),
    McpClient("cursor", "Cursor", _cursor, "Restart Cursor and switch the server on in its MCP settings."),
    McpClient("vscode", "VS Code", _vscode, "Start it in 'MCP: List Servers'.", "servers", typed=True, comments=True),
)
CLIENTS: Final[Mapping[str, McpClient]] = {client.name: client for client in _ALL}


def entry(command: Path, home: Path | None, settings: Mapping[str, str] | None = None) -> dict[str, Json]:
    """The entry, the same for every client, that starts `command mcp`; `home` is None for the default EVERGRANT_HOME.

    `settings` are further environment variables, since clients start servers with an environment of their own.

    Raises ConfigRefused for a path that is relative (clients start servers from any folder) or is not UTF-8.
    """
    env = _environment(home, settings)
    return {"command": _spelled(command), "args": ["mcp"], "env": env}


def _environment(home: Path | None, settings: Mapping[str, str] | None) -> dict[str, str]:
    own = {} if home is None else {"EVERGRANT_HOME": _spelled(home)}
    return {**own, **(settings or {})}


def add_command(
    command: Path, home: Path | None, platform: str, name: str = NAME, *, settings: Mapping[str, str] | None = None
) -> str:
    """The shell command by which Claude Code adds the server itself, quoted for the platform's shell."""
    pairs = [f"{variable}={value}" for variable, value in _environment(home, settings).items()]
    env = ["--env", *pairs] if pairs else []
    # The name stands before --env because that option takes every word up to the next option.
    words = ["claude", "mcp", "add", name, "--scope", "user", *env, "--", _spelled(command), "mcp"]
    return subprocess.list2cmdline(words) if platform == "win32" else shlex.join(words)


def snippet(client: McpClient, entry: JsonObject, name: str = NAME) -> str:
    """The JSON that a person pastes into the client's file."""
    return json.dumps({client.key: {name: client.shaped(entry)}}, indent=2, ensure_ascii=False)


def install(client: McpClient, path: Path, entry: JsonObject, name: str = NAME) -> Installed:
    """Write `entry` under `name` into the client's file and keep all else in it, byte for byte.

    Members that somebody added to an older entry of that name stay; a remote (`url`) entry is replaced.
    Raises ConfigRefused, with the file untouched, when it cannot be edited safely.
    """
    ours = client.shaped(entry)
    advice = "Correct that place, or move the file away, and run the command again."
    if client.comments:
        advice = f"A file with comments is yours to edit: put this into it by hand.\n{snippet(client, entry, name)}"
    return _edit(path, client.key, lambda text: with_entry(text, client.key, name, ours), advice)


def uninstall(client: McpClient, path: Path, name: str = NAME) -> Installed:
    """Remove the entry called `name` and nothing else. Raises ConfigRefused as `install` does."""
    advice = f'Remove "{name}" from "{client.key}" by hand.'
    return _edit(path, client.key, lambda text: without_entry(text, client.key, name), advice)


def told(client: McpClient, path: Path, name: str = NAME) -> JsonObject | None:
    """The entry called `name` in the client's file; None where it has none. Raises ConfigRefused as `install` does."""
    try:
        config: Json = json.loads(checked(path.read_bytes() if path.exists() else b"", client.key))
    except json.JSONDecodeError as bad:
        raise ConfigRefused(f"{path}, line {bad.lineno}, column {bad.colno}: {bad.msg}") from bad
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigRefused(f"{path}: {error}") from error
    servers = at(config, f"/{client.key}")
    found = servers.get(name) if isinstance(servers, Mapping) else None
    return found if isinstance(found, Mapping) else None


def swap(path: Path, old: bytes | None, new: bytes) -> None:
    """Replace the file's content in one step and keep its mode; `old` is None for a new file, which gets mode 0600.

    Raises ConfigRefused when the content is no longer `old`: a running client writes its own file too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder) / path.name
        draft.touch(mode=0o600)
        with draft.open("wb") as out:
            out.write(new)
            out.flush()
            os.fsync(out.fileno())
        now = path.read_bytes() if path.exists() else None
        if now != old:
            raise ConfigRefused(f"{path} was changed by another program just now. Close the client and run this again.")
        if old is not None:
            shutil.copymode(path, draft)
        draft.replace(path)


def _edit(path: Path, key: str, edit: Callable[[str], str], advice: str) -> Installed:
    try:
        target = path.resolve()  # a link, as dotfiles repositories make them, stays a link
        old = target.read_bytes() if target.exists() else None
        text = checked(old or b"", key)
        edited = edit(text)
        if edited == text:
            return Installed(changed=False)
        new = edited.encode("utf-8-sig" if old and old.startswith(codecs.BOM_UTF8) else "utf-8")
        backup = None if old is None else _back_up(path, target)
        swap(target, old, new)
        return Installed(True, backup)
    except json.JSONDecodeError as bad:
        place = f"{path}, line {bad.lineno}, column {bad.colno}"
        raise ConfigRefused(f"{place}: {bad.msg}. Nothing was changed. {advice}") from bad
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, too deep, a number too long
        raise ConfigRefused(f"{path} cannot be edited: {error}. Correct that and run the command again.") from error


def _back_up(path: Path, target: Path) -> Path:
    # Beside the link, not its target: configurations hold secrets, and the target may lie in a repository.
    names = (f"{path.name}.bak" + (f".{number}" if number else "") for number in count())
    copy = next(copy for copy in map(path.with_name, names) if not os.path.lexists(copy))
    copy.touch(mode=0o600, exist_ok=False)
    shutil.copyfile(target, copy)
    shutil.copymode(target, copy)
    return copy


def _spelled(path: Path) -> str:
    if not path.is_absolute() or str(path).encode(errors="replace").decode() != str(path):
        raise ConfigRefused(f"{str(path)!r} cannot be used: give a full path, from the root, that is valid UTF-8.")
    return str(path)
