import base64
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.calls.codecs import BadValue
from evergrant.calls.mail import mime
from evergrant.calls.plain_codecs import file_part, increment, items, member, object_of, size
from evergrant.calls.writing import adf
from evergrant.model.json import Json, JsonObject

LETTER: JsonObject = {"to": ["ada@acme.example"], "subject": "Grüße", "text": "Hello\n\nBye"}


def sent(**changes: Json) -> EmailMessage:
    raw = base64.urlsafe_b64decode(str(mime({**LETTER, **changes})))
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def test_a_letter_is_a_message_of_rfc_5322() -> None:
    message = sent(cc=["a@x.example", "b@x.example"], bcc=["c@x.example"])
    assert (message["To"], message["Cc"], message["Bcc"]) == (
        "ada@acme.example",
        "a@x.example, b@x.example",
        "c@x.example",
    )
    assert message["Subject"] == "Grüße"
    assert message.get_content().split() == ["Hello", "Bye"]


def test_a_letter_may_have_an_alternative_in_html() -> None:
    message = sent(html="<p>Hello</p>")
    assert message.get_content_type() == "multipart/alternative"
    html = message.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<p>Hello</p>"


def test_a_letter_without_text_or_subject_is_a_letter() -> None:
    message = message_from_bytes(base64.urlsafe_b64decode(str(mime({"to": ["ada@acme.example"]}))), policy=SMTP)
    assert message["Subject"] == ""


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize("where", ["subject", "to", "cc", "bcc"])
def test_no_header_can_be_smuggled_in(where: str, line_break: str) -> None:
    text = f"x{line_break}Bcc: thief@evil.example"
    with pytest.raises(BadValue, match="line breaks"):
        mime({**LETTER, where: text if where == "subject" else [text]})


def test_paragraphs_become_an_atlassian_document() -> None:
    assert adf("one\n\n\n two \n\n") == {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": "one"}]},
            {"type": "paragraph", "content": [{"type": "text", "text": "two"}]},
        ],
    }


def test_a_file_is_bytes_with_a_type() -> None:
    part = file_part({"type": "text/csv", "base64": base64.b64encode(b"a,b").decode()})
    assert (part.content_type, part.content) == ("text/csv", b"a,b")
    assert file_part({"base64": ""}).content_type == "application/octet-stream"


@pytest.mark.parametrize("content", ["a", "a b c d", "a-_b", "ä==="])
def test_what_is_no_base64_is_refused(content: str) -> None:
    with pytest.raises(BadValue, match="not base64"):
        file_part({"base64": content})


@pytest.mark.parametrize(
    "address", ["<", "", "a@b, c@d", "a@b\r\nBcc: c@d", "Ada", "\u00fc@[  ", "a@b\x00", "x" * 2_000]
)
def test_what_is_no_address_is_refused_before_pythons_parser_fails_at_it(address: str) -> None:
    with pytest.raises(BadValue, match=r"not an address|line breaks"):
        sent(to=[address])


@pytest.mark.parametrize(
    "address", ["a@b.example", "Ada <a@b.example>", '"Lovelace, Ada" <a@b.example>', " a@b.example "]
)
def test_an_address_is_written_in_one_of_two_ways(address: str) -> None:
    assert str(sent(to=[address])["To"]).replace('"', "") == address.strip().replace('"', "")


@given(address=st.text(alphabet='<>@,;:"\\[]()= ?.a\u00fc\r\n\0\t', max_size=12), subject=st.text(max_size=20))
def test_whatever_the_letter_it_is_made_or_refused(address: str, subject: str) -> None:
    with suppress(ValueError):
        mime({"to": [address], "subject": subject, "text": subject, "html": subject})


def test_a_version_has_one_that_comes_after_it() -> None:
    assert increment(7) == 8
    for none in ("7", True, 1.5, None):
        with pytest.raises(BadValue, match="no whole number"):
            increment(none)


def test_the_size_of_a_file_is_that_of_its_bytes() -> None:
    assert [size(""), size("aGVsbG8="), size(base64.b64encode("Grüße".encode()).decode())] == [0, 5, 7]
    with pytest.raises(BadValue, match="not base64"):
        size("hello!")


def test_an_object_is_a_list_of_its_members_and_made_of_one() -> None:
    whole: JsonObject = {"a": 1, "b": None}
    assert items(whole) == [{"name": "a", "value": 1}, {"name": "b", "value": None}]
    assert object_of(items(whole)) == whole
    assert object_of([{"name": "a"}, "x", {"name": "b", "value": 2}]) == {"b": 2}
    assert [items("x"), object_of("x")] == [[], {}]


def test_a_member_is_found_by_a_name_that_only_the_call_knows() -> None:
    assert member({"in": {"a": 1}, "name": "a"}) == 1
    assert [member({"in": {"a": 1}, "name": "b"}), member({"in": None, "name": "a"})] == [None, None]
