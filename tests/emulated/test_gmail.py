"""Gmail's tools at work on a Gmail that somebody else wrote, which takes the MIME apart that ours put together."""

import pytest
from tests.fakes.emulated import Agent, pick, rows
from tests.fakes.emulated_services import BEN

from evergrant.model.json import Json, at
from evergrant.model.outcome import NotFound, ProviderError

pytestmark = pytest.mark.anyio
TABLE: dict[str, Json] = {"name": "a.csv", "type": "text/csv", "base64": "YSxiCg=="}


async def header(gmail: Agent, message_id: Json, name: str) -> Json:
    """One header of a message that no tool of ours shows."""
    query = {"format": "metadata", "metadataHeaders": name}
    found = await gmail.does("gmail_request", path=f"/gmail/v1/users/me/messages/{message_id}", query=query)
    return at(found, "/payload/headers/0/value")


async def test_a_mail_is_found_read_and_answered_in_its_thread(gmail: Agent) -> None:
    found = rows(await gmail.does("gmail_search_messages", query="from:ben subject:offer is:unread"))
    offer = {"id": "msg_offer", "thread_id": "thr_offer", "from": BEN, "to": "anna@acme.example"}
    seen = {"subject": "Our offer", "date": "2026-11-24T08:30:00Z", "label_ids": ["INBOX", "UNREAD"]}
    assert found == [{**offer, **seen, "snippet": "We can deliver in March. Ben"}]
    whole = {**offer, **seen, "text": "We can deliver in March.\n\nBen"}
    assert await gmail.does("gmail_get_message", message_id="msg_offer") == whole

    given: dict[str, Json] = {"thread_id": "thr_offer", "text": "**March** is fine.", "cc": ["carl@acme.example"]}
    answer = await gmail.does("gmail_reply_to_thread", **given, attachments=[TABLE])
    assert at(answer, "/thread_id") == "thr_offer"
    asked, said = rows(await gmail.does("gmail_get_thread", thread_id="thr_offer"))
    assert asked == whole
    assert pick(said, "id", "label_ids", "attachments/0/name") == [at(answer, "/id"), ["SENT"], "a.csv"]
    assert pick(said, "from", "to", "cc") == ["anna@acme.example", BEN, "carl@acme.example"]
    assert pick(said, "subject", "text") == ["Re: Our offer", "**March** is fine."]
    for name in ("In-Reply-To", "References"):
        assert await header(gmail, at(answer, "/id"), name) == "<offer@globex.example>"


async def test_a_mail_is_sent_with_a_file_and_passed_on(gmail: Agent) -> None:
    given: dict[str, Json] = {"to": [BEN], "bcc": ["boss@acme.example"], "subject": "Figures"}
    sent = await gmail.does("gmail_send_message", **given, text="# Näher\n\n- one", attachments=[TABLE])
    message = await gmail.does("gmail_get_message", message_id=at(sent, "/id"))
    assert pick(message, "to", "subject", "text") == [BEN, "Figures", "# Näher\n\n- one"]
    assert await header(gmail, at(sent, "/id"), "Bcc") == "boss@acme.example"
    attached = at(message, "/attachments/0/attachment_id")
    file = await gmail.does("gmail_get_attachment", message_id=at(sent, "/id"), attachment_id=attached)
    assert file == {"size": 4, "base64": TABLE["base64"]}

    on = await gmail.does("gmail_forward_message", message_id=at(sent, "/id"), to=["books@acme.example"], text="See:")
    passed = await gmail.does("gmail_get_message", message_id=at(on, "/id"))
    assert pick(passed, "subject", "attachments/0/size") == ["Fwd: Figures", 4]
    text = str(at(passed, "/text"))
    assert text.startswith("See:\n\n---------- Forwarded message")
    assert text.endswith("# Näher\n\n- one")


async def test_a_draft_is_written_changed_and_sent(gmail: Agent) -> None:
    made = await gmail.does("gmail_create_draft", to=[BEN], subject="Draft", text="one", attachments=[TABLE])
    draft: dict[str, Json] = {"draft_id": at(made, "/draft_id")}
    await gmail.does("gmail_update_draft", **draft, text="two", cc=["zed@acme.example"])
    message = await gmail.does("gmail_get_message", message_id=at(made, "/message_id"))
    assert pick(message, "to", "cc", "subject", "text") == [BEN, "zed@acme.example", "Draft", "two"]
    assert pick(message, "label_ids", "attachments/0/name") == [["DRAFT"], "a.csv"]
    answer = await gmail.does("gmail_create_draft", thread_id="thr_lunch", text="Yes.")
    listed = {at(row, "/draft_id"): row for row in rows(await gmail.does("gmail_list_drafts"))}
    assert pick(listed[at(made, "/draft_id")], "to", "subject", "snippet") == [BEN, "Draft", "two"]
    assert pick(listed[at(answer, "/draft_id")], "to", "subject", "snippet") == [BEN, "Re: Lunch?", "Yes."]

    sent = await gmail.does("gmail_send_draft", **draft)
    assert sent == {"id": at(made, "/message_id"), "thread_id": at(made, "/thread_id"), "label_ids": ["SENT"]}
    again = await gmail.fails("gmail_send_draft", **draft)
    assert (again.provider_code, again.retryable) == ("notFound", False)


async def test_mail_is_sorted(gmail: Agent) -> None:
    label = await gmail.does("gmail_create_label", name="Clients/Globex")
    ours: dict[str, Json] = {"message_ids": ["msg_news"]}
    await gmail.does("gmail_modify_labels", **ours, label="clients/globex", add_label_ids=["STARRED"])
    await gmail.does("gmail_mark_read", **ours)
    await gmail.does("gmail_archive_messages", **ours)
    searches: list[dict[str, Json]] = [{"query": "label:Clients/Globex is:read"}, {"label_ids": [at(label, "/id")]}]
    for search in searches:
        [found] = rows(await gmail.does("gmail_search_messages", **search))
        assert pick(found, "id", "label_ids") == ["msg_news", ["STARRED", at(label, "/id")]]
    await gmail.does("gmail_modify_labels", **ours, remove_label_ids=["STARRED"])
    await gmail.does("gmail_mark_read", **ours, read=False)
    news, gone = rows(await gmail.does("gmail_get_messages_batch", message_ids=["msg_news", "gone"]))
    assert at(news, "/label_ids") == [at(label, "/id"), "UNREAD"]
    assert "404" in str(at(gone, "/error"))

    labels = {at(row, "/name"): at(row, "/id") for row in rows(await gmail.does("gmail_list_labels"))}
    assert (labels["INBOX"], labels["Clients/Globex"]) == ("INBOX", at(label, "/id"))
    missing = await gmail.fails("gmail_modify_labels", **ours, label="Nobody")
    assert isinstance(missing, NotFound)
    taken = await gmail.fails("gmail_create_label", name="Clients/Globex")
    assert (taken.provider_code, taken.provider_message) == ("failedPrecondition", "Label name exists or conflicts")


async def test_a_rule_sorts_mail_and_a_message_is_thrown_away(gmail: Agent) -> None:
    label = await gmail.does("gmail_create_label", name="Reports")
    rule: dict[str, Json] = {"from": "reports@globex.example", "label": "Reports", "archive": True, "mark_read": True}
    made = await gmail.does("gmail_create_filter", **rule)
    action = {"addLabelIds": [at(label, "/id")], "removeLabelIds": ["INBOX", "UNREAD"]}
    assert (at(made, "/criteria"), at(made, "/action")) == ({"from": "reports@globex.example"}, action)
    again = await gmail.fails("gmail_create_filter", **rule)
    assert again.provider_message == "Filter already exists"

    thrown = await gmail.does("gmail_trash_message", message_id="msg_old")
    assert at(thrown, "/label_ids") == ["UNREAD", "TRASH"]
    assert rows(await gmail.does("gmail_search_messages", query="subject:outdated")) == []


async def test_mail_comes_page_by_page(gmail: Agent) -> None:
    first = await gmail.does("gmail_search_messages", query="from:list@acme.example", limit=3)
    rest = await gmail.does("gmail_search_messages", query="from:list@acme.example", cursor=at(first, "/next_cursor"))
    subjects = [str(at(row, "/subject")) for page in (first, rest) for row in rows(page)]
    assert sorted(subjects) == [f"Issue {number}" for number in range(1, 6)]
    assert (len(rows(first)), at(rest, "/next_cursor")) == (3, None)


async def test_what_is_not_there_is_said_as_google_says_it(gmail: Agent) -> None:
    given: list[tuple[str, dict[str, Json]]] = [
        ("gmail_get_message", {"message_id": "gone"}),
        ("gmail_get_thread", {"thread_id": "gone"}),
        ("gmail_reply_to_thread", {"thread_id": "gone", "text": "Hello?"}),
        ("gmail_update_draft", {"draft_id": "gone", "text": "Hello?"}),
        ("gmail_trash_message", {"message_id": "gone"}),
        ("gmail_get_attachment", {"message_id": "msg_lunch", "attachment_id": "gone"}),
    ]
    for tool, input_ in given:
        failure = await gmail.fails(tool, **input_)
        assert isinstance(failure, ProviderError)
        assert (failure.status, failure.provider_code) == (404, "notFound")
