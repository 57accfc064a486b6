import codecs
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.cli.clients import (
    CLIENTS,
    ConfigRefused,
    Installed,
    McpClient,
    add_command,
    entry,
    install,
    snippet,
    swap,
    told,
    uninstall,
)
from evergrant.model.json import Json

DESKTOP, CODE, CURSOR, VSCODE = (CLIENTS[name] for name in ("claude-desktop", "claude-code", "cursor", "vscode"))
HOME = Path("/home/ann")
COMMAND = Path("/opt/evergrant/bin/evergrant")
ENTRY = entry(COMMAND, None)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
servers = st.dictionaries(st.text().filter(lambda name: name != "evergrant"), values, max_size=3)
styles = st.sampled_from([None, 0, 1, 2, 4, "\t"])


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Json]:
    found: dict[str, Json] = draw(st.dictionaries(st.text(), values, max_size=4))
    found.pop("mcpServers", None)
    if draw(st.booleans()):
        found["mcpServers"] = draw(servers)
    return found


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "mcp.json"


def refusal(client: McpClient, config: Path) -> str:
    before = config.read_bytes()
    with pytest.raises(ConfigRefused) as refused:
        install(client, config, ENTRY)
    assert config.read_bytes() == before
    assert list(config.parent.iterdir()) == [config]
    return str(refused.value)


@pytest.mark.parametrize(
    ("client", "platform", "env", "file"),
    [
        (DESKTOP, "darwin", {}, "/home/ann/Library/Application Support/Claude/claude_desktop_config.json"),
        (DESKTOP, "win32", {"APPDATA": "/roaming"}, "/roaming/Claude/claude_desktop_config.json"),
        (DESKTOP, "win32", {}, "/home/ann/AppData/Roaming/Claude/claude_desktop_config.json"),
        (DESKTOP, "linux", {}, "/home/ann/.config/Claude/claude_desktop_config.json"),
        (DESKTOP, "linux", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/Claude/claude_desktop_config.json"),
        (CODE, "darwin", {}, "/home/ann/.claude.json"),
        (CODE, "win32", {}, "/home/ann/.claude.json"),
        (CODE, "linux", {"CLAUDE_CONFIG_DIR": "/work-profile"}, "/work-profile/.claude.json"),
        (CURSOR, "darwin", {}, "/home/ann/.cursor/mcp.json"),
        (CURSOR, "win32", {}, "/home/ann/.cursor/mcp.json"),
        (CURSOR, "linux", {"XDG_CONFIG_HOME": "/xdg"}, "/home/ann/.cursor/mcp.json"),
        (VSCODE, "darwin", {}, "/home/ann/Library/Application Support/Code/User/mcp.json"),
        (VSCODE, "win32", {"APPDATA": "/roaming"}, "/roaming/Code/User/mcp.json"),
        (VSCODE, "linux", {}, "/home/ann/.config/Code/User/mcp.json"),
    ],
)
def test_each_client_has_its_file_on_each_platform(
    client: McpClient, platform: str, env: Mapping[str, str], file: str
) -> None:
    assert client.locate(platform, HOME, env) == Path(file)


def test_a_packaged_claude_desktop_on_windows_has_its_file_in_the_package(tmp_path: Path) -> None:
    folder = tmp_path / "Packages" / "Claude_x1" / "LocalCache" / "Roaming" / "Claude"
    folder.mkdir(parents=True)
    env = {"LOCALAPPDATA": str(tmp_path), "APPDATA": str(tmp_path / "Roaming")}
    assert DESKTOP.locate("win32", HOME, env) == folder / "claude_desktop_config.json"


def test_every_client_says_what_to_do_afterwards() -> None:
    assert all(client.title and client.afterwards.endswith(".") for client in CLIENTS.values())


def test_the_entry_starts_the_stdio_bridge() -> None:
    assert entry(COMMAND, None) == {"command": str(COMMAND), "args": ["mcp"], "env": {}}


def test_the_entry_names_the_home_when_it_is_not_the_default() -> None:
    assert entry(COMMAND, Path("/srv/vault"))["env"] == {"EVERGRANT_HOME": "/srv/vault"}


def test_an_entry_needs_an_absolute_command() -> None:
    with pytest.raises(ConfigRefused, match="give a full path"):
        entry(Path("evergrant"), None)


def test_an_entry_needs_a_path_that_json_can_carry() -> None:
    with pytest.raises(ConfigRefused, match="valid UTF-8"):
        entry(Path("/opt/\udcff/evergrant"), None)


def test_claude_code_can_be_told_by_its_own_command() -> None:
    command = add_command(Path("/opt/my tools/evergrant"), Path("/srv/vault"), "linux")
    assert command == (
        "claude mcp add evergrant --scope user --env EVERGRANT_HOME=/srv/vault -- '/opt/my tools/evergrant' mcp"
    )


def test_the_command_for_claude_code_is_quoted_for_windows() -> None:
    command = add_command(Path("/opt/my tools/evergrant"), None, "win32")
    assert command == 'claude mcp add evergrant --scope user -- "/opt/my tools/evergrant" mcp'


def test_the_snippet_is_what_install_writes_into_a_new_file(tmp_path: Path) -> None:
    for client in CLIENTS.values():
        config = tmp_path / client.name / "deeper" / "config.json"
        assert install(client, config, ENTRY) == Installed(changed=True, backup=None)
        assert config.read_text("utf-8") == snippet(client, ENTRY) + "\n"


@pytest.mark.parametrize("client", [CODE, VSCODE])
def test_clients_that_want_it_are_told_the_transport(client: McpClient, config: Path) -> None:
    install(client, config, ENTRY)
    assert json.loads(config.read_bytes()) == {client.key: {"evergrant": {"type": "stdio", **ENTRY}}}


def test_a_new_file_is_for_its_owner_only(config: Path) -> None:
    install(CURSOR, config, ENTRY)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_only_the_new_entry_changes_the_text(config: Path) -> None:
    before = '{\n    "big": 1e400, "z": 1.50,\n    "mcpServers": {\n        "other": {"args": ["-y", "\\u00e9"]}'
    after = '\n    },\n    "a": [1,2]\n}'
    ours = (
        ',\n        "evergrant": {\n            "command": "/opt/evergrant/bin/evergrant",\n            "args": [\n'
        '                "mcp"\n            ],\n            "env": {}\n        }'
    )
    config.write_text(before + after, "utf-8")
    install(CURSOR, config, ENTRY)
    assert config.read_text("utf-8") == before + ours + after


def test_a_file_on_one_line_stays_on_one_line(config: Path) -> None:
    config.write_text('{"theme":"dark"}')
    install(CURSOR, config, ENTRY)
    assert config.read_text() == f'{{"theme":"dark", "mcpServers": {json.dumps({"evergrant": ENTRY})}}}'


def test_line_breaks_of_windows_stay(config: Path) -> None:
    config.write_bytes(b'{\r\n\t"mcpServers": {}\r\n}\r\n')
    install(CURSOR, config, ENTRY)
    assert config.read_bytes().count(b"\r\n") == config.read_bytes().count(b"\n") == 11
    assert b'\r\n\t\t"evergrant": {\r\n\t\t\t"command"' in config.read_bytes()


def test_a_byte_order_mark_stays(config: Path) -> None:
    config.write_bytes(codecs.BOM_UTF8 + b'{"mcpServers": {}}')
    install(CURSOR, config, ENTRY)
    assert config.read_bytes().startswith(codecs.BOM_UTF8 + b"{")
    assert json.loads(config.read_text("utf-8-sig"))["mcpServers"] == {"evergrant": ENTRY}


@pytest.mark.parametrize("content", [b"", b" \n", codecs.BOM_UTF8])
def test_an_empty_file_counts_as_an_empty_object(config: Path, content: bytes) -> None:
    config.write_bytes(content)
    install(CURSOR, config, ENTRY)
    assert json.loads(config.read_text("utf-8-sig")) == {"mcpServers": {"evergrant": ENTRY}}


def test_text_beyond_ascii_stays_readable(config: Path) -> None:
    config.write_text('{"name": "Zoë"}', "utf-8")
    install(CURSOR, config, entry(Path("/home/zoë/evergrant"), None))
    assert config.read_text("utf-8").count("zoë") == config.read_text("utf-8").count("Zoë") == 1


def test_installing_twice_changes_nothing_the_second_time(config: Path) -> None:
    install(CURSOR, config, ENTRY)
    before = config.read_bytes()
    assert install(CURSOR, config, ENTRY) == Installed(changed=False)
    assert config.read_bytes() == before
    assert list(config.parent.iterdir()) == [config]


def test_another_home_updates_the_entry_in_its_place(config: Path) -> None:
    config.write_text('{"mcpServers": {"evergrant": {"command": "/old", "args": []}, "other": {}}}')
    install(CURSOR, config, entry(COMMAND, Path("/srv/vault")))
    found = json.loads(config.read_bytes())["mcpServers"]
    assert list(found) == ["evergrant", "other"]
    assert found["evergrant"] == entry(COMMAND, Path("/srv/vault"))


def test_what_somebody_added_to_the_entry_stays_but_an_old_home_goes(config: Path) -> None:
    old = {"command": "/old", "timeout": 60, "env": {"HTTPS_PROXY": "p", "EVERGRANT_HOME": "/old"}}
    config.write_text(json.dumps({"mcpServers": {"evergrant": old}}))
    install(CURSOR, config, ENTRY)
    found = json.loads(config.read_bytes())["mcpServers"]["evergrant"]
    assert found == {**ENTRY, "timeout": 60, "env": {"HTTPS_PROXY": "p"}}


@pytest.mark.parametrize("old", [{"url": "http://127.0.0.1:1/mcp", "headers": {}}, None, "evergrant"])
def test_a_remote_or_broken_entry_of_the_name_is_replaced(config: Path, old: Json) -> None:
    config.write_text(json.dumps({"mcpServers": {"evergrant": old}}))
    install(CURSOR, config, ENTRY)
    assert json.loads(config.read_bytes()) == {"mcpServers": {"evergrant": ENTRY}}


def test_an_entry_can_have_another_name(config: Path) -> None:
    install(CURSOR, config, ENTRY, "vault-2")
    install(CURSOR, config, ENTRY, "vault-3")
    uninstall(CURSOR, config, "vault-2")
    assert json.loads(config.read_bytes()) == {"mcpServers": {"vault-3": ENTRY}}


def test_a_nested_object_of_the_same_name_is_left_alone(config: Path) -> None:
    config.write_text('{"projects": {"/p": {"mcpServers": {"evergrant": 1}}}}')
    install(CODE, config, ENTRY)
    assert json.loads(config.read_bytes())["projects"] == {"/p": {"mcpServers": {"evergrant": 1}}}


def test_a_backup_is_made_before_a_change_and_never_overwritten(config: Path) -> None:
    contents: list[bytes] = [b'{"mcpServers": {}}']
    config.write_bytes(contents[0])
    backups = [config.with_name(name) for name in ("mcp.json.bak", "mcp.json.bak.1", "mcp.json.bak.2")]
    for backup, name in zip(backups, "abc", strict=True):
        assert install(CURSOR, config, ENTRY, name) == Installed(changed=True, backup=backup)
        contents.append(config.read_bytes())
    assert [backup.read_bytes() for backup in backups] == contents[:3]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_file_and_its_backup_keep_the_mode(config: Path, mode: int) -> None:
    config.write_text("{}")
    config.chmod(mode)
    done = install(CURSOR, config, ENTRY)
    assert done.backup
    assert [stat.S_IMODE(path.stat().st_mode) for path in (config, done.backup)] == [mode, mode]


def test_a_linked_file_is_changed_at_its_target_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    target = tmp_path / "dotfiles" / "cursor.json"
    target.write_text("{}")
    link = tmp_path / "mcp.json"
    link.symlink_to(Path("dotfiles") / "cursor.json")
    assert install(CURSOR, link, ENTRY).backup == tmp_path / "mcp.json.bak"
    assert link.is_symlink()
    assert json.loads(target.read_bytes()) == {"mcpServers": {"evergrant": ENTRY}}
    assert list(target.parent.iterdir()) == [target]


def test_a_link_to_a_missing_file_makes_the_file(tmp_path: Path) -> None:
    link = tmp_path / "mcp.json"
    link.symlink_to(tmp_path / "dotfiles" / "cursor.json")
    install(CURSOR, link, ENTRY)
    assert link.is_symlink()
    assert (tmp_path / "dotfiles" / "cursor.json").is_file()


def test_links_that_lead_in_a_circle_are_refused(config: Path) -> None:
    config.symlink_to(config)
    with pytest.raises(ConfigRefused, match=r"mcp\.json cannot be edited"):
        install(CURSOR, config, ENTRY)


def test_a_folder_in_the_place_of_the_file_is_refused(config: Path) -> None:
    config.mkdir()
    with pytest.raises(ConfigRefused, match="run the command again"):
        install(CURSOR, config, ENTRY)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{\n  "a": 1,,\n}', "line 2, column 10: "),
        (b'{\n  "a": NaN\n}', "line 2, column 8: NaN is not JSON"),
        (b'{"NaN": [-Infinity]}', "line 1, column 10: -Infinity is not JSON"),
        (b"\n [1]", "line 2, column 2: The top of the file is not an object"),
        (b'{\n  "mcpServers": []}', 'line 2, column 17: "mcpServers" is not an object'),
        (b'{"mcpServers": {}, "mcpServers": null}', 'line 1, column 34: "mcpServers" is not an object'),
        (b'{"a": 1}\n{"b": 2}', "line 2, column 1: "),
        ('{\n"ä": "\ufffd"}'.encode("utf-16"), "line 1, column 1: The file is not UTF-8 text"),
        (b'{\n"\xc3\xa4": "\xff"}', "line 2, column 7: The file is not UTF-8 text"),
        (codecs.BOM_UTF8 + b"{,}", "line 1, column 2: "),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_with_the_place_and_left(
    config: Path, content: bytes, place: str
) -> None:
    config.write_bytes(content)
    message = refusal(CURSOR, config)
    assert message.startswith(f"{config}, {place}")
    assert "Correct that place, or move the file away, and run the command again." in message


@pytest.mark.parametrize("content", ['{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", '{"a": ' + "9" * 5_000 + "}"])
def test_a_file_that_python_cannot_hold_is_refused_and_left(config: Path, content: str) -> None:
    config.write_text(content)
    assert f"{config} cannot be edited" in refusal(CURSOR, config)


@pytest.mark.parametrize("content", ['{\n  // mine\n  "servers": {}\n}', '{\n  "servers": {},\n}'])
def test_comments_are_kept_and_the_snippet_is_offered_instead(config: Path, content: str) -> None:
    config.write_text(content)
    message = refusal(VSCODE, config)
    assert "line " in message
    assert message.endswith(snippet(VSCODE, ENTRY))


def test_removal_from_a_file_with_comments_is_left_to_a_person(config: Path) -> None:
    config.write_text('{"servers": {/* mine */ "evergrant": {}}}')
    with pytest.raises(ConfigRefused, match='Remove "evergrant" from "servers" by hand'):
        uninstall(VSCODE, config)
    assert config.read_text() == '{"servers": {/* mine */ "evergrant": {}}}'


@pytest.mark.parametrize("content", ["", "{}", '{"mcpServers": {}}', '{"mcpServers": {"other": {}}}'])
def test_there_may_be_nothing_to_remove(config: Path, content: str) -> None:
    config.write_text(content)
    assert uninstall(CURSOR, config) == Installed(changed=False)
    assert config.read_text() == content


def test_removal_does_not_make_a_file(config: Path) -> None:
    assert uninstall(CURSOR, config) == Installed(changed=False)
    assert not config.exists()


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ('{"mcpServers": { "evergrant": {} }}', '{"mcpServers": {}}'),
        ('{"mcpServers": {"evergrant": {}, "b": [ 1 ]}}', '{"mcpServers": { "b": [ 1 ]}}'),
        ('{"mcpServers": {"a": 1 , "evergrant": {}, "b": 2}}', '{"mcpServers": {"a": 1, "b": 2}}'),
        ('{"mcpServers": {\n  "a": 1,\n  "evergrant": {}\n}}', '{"mcpServers": {\n  "a": 1\n}}'),
        ('{"mcpServers": {"evergrant": 1, "a": 1, "evergrant": 2}}', '{"mcpServers": { "a": 1}}'),
    ],
)
def test_only_the_entry_is_removed(config: Path, content: str, left: str) -> None:
    config.write_text(content)
    assert uninstall(CURSOR, config) == Installed(changed=True, backup=config.with_name("mcp.json.bak"))
    assert config.read_text() == left


def test_a_file_that_changed_in_the_meantime_is_not_overwritten(config: Path) -> None:
    config.write_bytes(b"theirs")
    with pytest.raises(ConfigRefused, match="changed by another program"):
        swap(config, b"read before", b"ours")
    with pytest.raises(ConfigRefused, match="changed by another program"):
        swap(config, None, b"ours")
    assert config.read_bytes() == b"theirs"
    assert list(config.parent.iterdir()) == [config]


@given(configurations(), styles, st.booleans())
def test_whatever_else_is_in_the_file_stays_and_removal_restores_it(
    before: dict[str, Json], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(before, indent=indent, ensure_ascii=ascii_only)
    with TemporaryDirectory() as folder:
        config = Path(folder) / "mcp.json"
        config.write_text(text, "utf-8", newline="")
        assert install(CURSOR, config, ENTRY).changed
        after = json.loads(config.read_bytes())
        assert not install(CURSOR, config, ENTRY).changed
        assert after["mcpServers"].pop("evergrant") == ENTRY
        there = before | {"mcpServers": before.get("mcpServers", {})}
        assert after == there
        assert list(after) == list(before) + ["mcpServers"] * ("mcpServers" not in before)
        uninstall(CURSOR, config)
        assert json.loads(config.read_bytes()) == there
        if before.get("mcpServers"):
            assert config.read_text("utf-8") == text


def test_what_a_file_says_of_us_can_be_read_back(config: Path) -> None:
    assert told(CURSOR, config) is None
    install(CURSOR, config, ENTRY)
    before = config.read_bytes()
    assert told(CURSOR, config) == ENTRY
    assert told(CURSOR, config, "another") is None
    assert config.read_bytes() == before


@pytest.mark.parametrize("content", ["{,}", '{"mcpServers": []}', '{"a": ' + "9" * 5_000 + "}"])
def test_a_file_that_cannot_be_understood_is_told_of_by_its_path(config: Path, content: str) -> None:
    config.write_text(content)
    with pytest.raises(ConfigRefused, match=r"mcp\.json"):
        told(CURSOR, config)


@pytest.mark.parametrize("content", ["{}", '{"mcpServers": {"evergrant": "x"}}'])
def test_an_entry_that_is_none_says_nothing(config: Path, content: str) -> None:
    config.write_text(content)
    assert told(CURSOR, config) is None
