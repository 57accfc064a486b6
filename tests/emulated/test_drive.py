"""Google Drive's tools at work on a Drive that somebody else wrote."""

import base64

import pytest
from tests.fakes.emulated import Agent, pick, rows

from evergrant.model.json import at

pytestmark = pytest.mark.anyio
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n\xff\x00").decode()
FOLDER = "application/vnd.google-apps.folder"


async def test_files_are_made_read_moved_and_renamed(drive: Agent) -> None:
    folder = at(await drive.does("google_drive_create_folder", name="Plans"), "/id")
    notes = await drive.does(
        "google_drive_create_file", name="notes.md", text="# Größe", type="text/markdown", folder_id=folder
    )
    assert pick(notes, "name", "type", "size", "folder_id") == ["notes.md", "text/markdown", "9", folder]
    picture = await drive.does("google_drive_upload_file", name="p.png", base64=PICTURE, type="image/png")
    assert at(picture, "/folder_id") == "root"

    read = await drive.does("google_drive_read_file_content", file_id=at(notes, "/id"))
    assert read == {"name": "notes.md", "type": "text/markdown", "text": "# Größe"}
    read = await drive.does("google_drive_read_file_content", file_id=at(picture, "/id"))
    assert read == {"name": "p.png", "type": "image/png", "size": 10, "base64": PICTURE}

    moved = await drive.does("google_drive_move_file", file_id=at(picture, "/id"), folder_id=folder)
    assert at(moved, "/folder_id") == folder
    renamed = await drive.does("google_drive_rename_file", file_id=at(picture, "/id"), name="logo.png")
    assert pick(renamed, "name", "folder_id") == ["logo.png", folder]
    assert at(await drive.does("google_drive_get_file", file_id=at(picture, "/id")), "/name") == "logo.png"

    first = await drive.does("google_drive_list_folder", folder_id=folder, limit=1)
    second = await drive.does("google_drive_list_folder", folder_id=folder, cursor=at(first, "/next_cursor"))
    assert [at(page, "/items/0/name") for page in (first, second)] == ["logo.png", "notes.md"]
    assert at(second, "/next_cursor") is None


async def test_folders_are_searched_and_what_is_not_there_is_said(drive: Agent) -> None:
    made = await drive.does("google_drive_create_folder", name="Archive")
    found = rows(await drive.does("google_drive_search_files", type="folder"))
    assert at(made, "/id") in [at(row, "/id") for row in found]
    assert [row for row in found if at(row, "/type") != FOLDER] == []
    read = await drive.does("google_drive_request", path="/drive/v3/files", query={"pageSize": 1})
    assert at(read, "/nextPageToken") == "1"
    for tool in ("google_drive_get_file", "google_drive_read_file_content"):
        gone = await drive.fails(tool, file_id="gone")
        assert gone.provider_code == "notFound"
