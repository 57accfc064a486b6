"""What the emulators lack or do otherwise than their services, tool by tool, and that all else is called."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.fakes.emulated import Emulated
from tests.fakes.emulated_services import CONNECTORS

from evergrant.catalog.catalog import Catalog
from evergrant.model.outcome import ProviderError

HERE = Path(__file__).parent
CATALOG = Catalog([HERE.parents[1]])
NO_CONTENTS = "no /repos/OWNER/REPO/contents"
NO_COMMITS = "no /repos/OWNER/REPO/commits, only the git database"
NO_WORKFLOWS = "workflows that nothing can make"
NO_EVENT = "no single event: it can be made and deleted, and the list read"
NO_PERMISSIONS = "no permissions"
NO_COMMENTS = "no comments"
LACKING = {
    "github_get_file": NO_CONTENTS,
    "github_create_or_update_file": NO_CONTENTS,
    "github_list_commits": NO_COMMITS,
    "github_get_commit": NO_COMMITS,
    "github_create_branch": NO_COMMITS,
    "github_run_workflow": NO_WORKFLOWS,
    "github_get_job_logs": NO_WORKFLOWS,
    "gmail_search_contacts": "no People API",
    "google_calendar_get_event": NO_EVENT,
    "google_calendar_update_event": NO_EVENT,
    "google_calendar_respond_to_event": NO_EVENT,
    "google_calendar_add_attendees": NO_EVENT,
    "google_calendar_list_event_instances": "no repeated events",
    "google_calendar_quick_add_event": "no sentences",
    "google_calendar_create_calendar": "calendars that nothing can make",
    "google_drive_export_file": "none of Google's own documents",
    "google_drive_copy_file": "no copies",
    "google_drive_share_file": NO_PERMISSIONS,
    "google_drive_list_permissions": NO_PERMISSIONS,
    "google_drive_remove_permission": NO_PERMISSIONS,
    "google_drive_list_comments": NO_COMMENTS,
    "google_drive_add_comment": NO_COMMENTS,
    "slack_search_messages": "no search",
    "slack_list_unreads": "no users.conversations",
}
"""These are answered 404, whatever they ask for."""
THERE = {"owner": "anna", "repo": "site", "ref": "main"}
"""What an example names, put in its place, so that it is not for this that nothing is found."""
OTHERWISE = {
    "github_get_pull_request": "knows neither the diff by its media type nor GraphQL, by which reviews and checks come",
    "github_review_pull_request": "wants a position for a comment on a line, where GitHub takes the line itself",
    "github_search_code": "gives no text_matches",
    "gmail_list_drafts": "does not look at q",
    "gmail_get_message": "leaves the encoded words of headers as they are, which Gmail decodes",
    "google_calendar_create_event": "makes no video conference",
    "google_drive_search_files": "understands the kind, the folder and the trash, but no names, words or owners",
    "google_drive_trash_file": "answers as if it were done, and does nothing",
    "slack_read_channel": "does not look at oldest and latest, and gives every file the type of bytes",
}
"""In this the answers of these differ, so the stories leave it out."""


def tools() -> set[str]:
    return {tool for connector in CONNECTORS for tool in CATALOG.tools(connector)}


def test_every_tool_is_called_or_known_not_to_be_there() -> None:
    stories = "".join(file.read_text(encoding="utf-8") for file in HERE.glob("test_*.py") if file != Path(__file__))
    called = set(re.findall(r'"([a-z]+_[a-z_]+)"', stories)) & tools()
    assert called & set(LACKING) == set()
    assert called | set(LACKING) | {"google_drive_trash_file"} == tools()
    assert set(OTHERWISE) <= tools() - set(LACKING)


@pytest.mark.anyio
@pytest.mark.parametrize("connector", CONNECTORS)
async def test_what_is_not_there_is_still_not_there(world: Emulated, connector: str) -> None:
    agent = await world.connect(connector)
    for tool in sorted(CATALOG.tools(connector).keys() & LACKING):
        example = CATALOG.tools(connector)[tool].example
        failure = await agent.fails(tool, **{name: THERE.get(name, value) for name, value in example.items()})
        assert isinstance(failure, ProviderError), tool
        # A service's own word for what is not there has a code of its service.
        assert (failure.status, failure.provider_code) == (404, None), tool


def test_the_emulators_are_not_open_to_the_network(addresses: Mapping[str, str]) -> None:
    # What listens on all interfaces answers at every address of the loopback.
    for address in addresses.values():
        with pytest.raises(OSError, match=r"refused|assign|unreachable|timed out"):
            socket.create_connection(("127.0.0.2", urlsplit(address).port or 0), timeout=1).close()
