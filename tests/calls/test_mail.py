"""Drafts that are changed, and which message of a conversation is answered."""

import base64
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergrant.calls.mail import mime
from evergrant.calls.mail_reading import mail_answered
from evergrant.calls.plain_codecs import base64url_base64
from evergrant.model.json import Json

FILE: Json = [{"name": "a.csv", "type": "text/csv", "base64": "YSxi"}]
MORE: Json = [{"name": "b.csv", "type": "text/csv", "base64": "YyxkCg=="}]
DRAFT = str(mime({"to": ["ann@acme.example"], "cc": ["bob@acme.example"], "subject": "Grüße", "text": "Old"}))
WITH_FILE = str(
    mime({"to": ["ann@acme.example"], "subject": "Old", "text": "Old", "html": "<p>Old</p>", "attachments": FILE})
)


def revised(draft: str, **changes: Json) -> EmailMessage:
    raw = base64.urlsafe_b64decode(str(mime({"revises": draft, **changes})))
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def read(message: EmailMessage) -> tuple[str, list[str | None]]:
    body = message.get_body(("plain",))
    return body.get_content().strip() if body else "", [part.get_filename() for part in message.iter_attachments()]


def test_a_draft_keeps_what_is_not_changed() -> None:
    message = revised(DRAFT, to=["cy@acme.example"])
    assert (message["To"], message["Cc"], message["Subject"]) == ("cy@acme.example", "bob@acme.example", "Grüße")
    assert message.get_content().strip() == "Old"
    assert revised(DRAFT, subject="Ä new one")["Subject"] == "Ä new one"


@pytest.mark.parametrize(
    ("changes", "text", "files"),
    [
        ({}, "Old", ["a.csv"]),
        ({"text": "New", "html": "<p>New</p>"}, "New", ["a.csv"]),
        ({"attachments": MORE}, "Old", ["a.csv", "b.csv"]),
        ({"text": "New", "attachments": MORE}, "New", ["a.csv", "b.csv"]),
    ],
)
def test_a_draft_keeps_its_files_whatever_else_changes(changes: dict[str, Json], text: str, files: list[str]) -> None:
    message = revised(WITH_FILE, **changes)
    assert (message["To"], message["Subject"], message["MIME-Version"]) == ("ann@acme.example", "Old", "1.0")
    assert read(message) == (text, files)


def test_a_draft_without_files_gets_some() -> None:
    assert read(revised(DRAFT, attachments=MORE)) == ("Old", ["b.csv"])
    html = revised(DRAFT, text="New", html="<p>New</p>").get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<p>New</p>"


def test_a_draft_of_an_answer_stays_one() -> None:
    answer = str(mime({"answers": [{"name": "Message-ID", "value": "<m1@acme.example>"}], "text": "Old"}))
    assert revised(answer, text="New")["In-Reply-To"] == "<m1@acme.example>"


@settings(max_examples=50)
@given(whole=st.binary(max_size=60).map(lambda tail: b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + tail))
def test_whatever_stands_in_a_draft_it_can_be_changed(whole: bytes) -> None:
    draft = base64.urlsafe_b64encode(whole).decode()
    assert revised(draft, to=["ann@acme.example"], text="New", attachments=FILE)["To"] == "ann@acme.example"


def test_a_letter_hands_on_the_files_of_another_as_they_came() -> None:
    raw = base64.urlsafe_b64decode(str(mime({"to": ["cy@acme.example"], "text": "See", "forwards": WITH_FILE})))
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert (message["To"], read(message)) == ("cy@acme.example", ("See", ["a.csv"]))
    assert [part.get_content() for part in message.iter_attachments()] == ["a,b"]

    raw = base64.urlsafe_b64decode(str(mime({"to": ["cy@acme.example"], "text": "See", "forwards": DRAFT})))
    assert message_from_bytes(raw).get_content_type() == "text/plain"


def letter(sender: str, *labels: str) -> Json:
    headers: Json = [{"name": "From", "value": sender}, {"name": "To", "value": "ann@acme.example, bob@acme.example"}]
    return {"labelIds": [*labels], "payload": {"headers": headers}}


def to(messages: Json) -> str:
    raw = base64.urlsafe_b64decode(str(mime({"answers": mail_answered(messages), "text": "x"})))
    return str(message_from_bytes(raw, policy=SMTP)["To"])


def test_the_newest_message_that_came_is_answered() -> None:
    thread = [letter("a@x.example"), letter("b@x.example", "INBOX"), letter("me@x.example", "SENT")]
    assert to([*thread, letter("me@x.example", "DRAFT")]) == "b@x.example"


def test_where_nobody_wrote_back_the_same_people_are_written_to_again() -> None:
    assert to([letter("me@x.example", "SENT")]) == "ann@acme.example, bob@acme.example"


@pytest.mark.parametrize("messages", [None, [], [{"labelIds": ["DRAFT"]}], [{"id": "1"}]])
def test_where_there_is_nothing_to_answer_there_is_nothing(messages: Json) -> None:
    assert mail_answered(messages) is None


def test_a_sender_with_a_strange_name_is_answered_at_the_bare_address() -> None:
    assert to([letter("John (Sales) <john@acme.example>")]) == "john@acme.example"
    assert to([letter("nobody")]) == "None"


def test_content_changes_its_alphabet() -> None:
    assert base64url_base64("_-8") == "/+8="
