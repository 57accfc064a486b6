"""Documents of services and Markdown, both ways."""

import pytest

from evergrant.calls.codecs import codecs
from evergrant.calls.values import BadValue, Part
from evergrant.catalog.template import CODECS
from evergrant.model.json import Json, at, text_at

MARKDOWN = """# Title

One **bold** and _leaning_ and ~~gone~~ and `code` and [link](https://acme.example).

- first
- second
  - below

1. one
2. two

> said

```python
x = 1
```

---
"""


def _listed(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []


def coded(name: str, value: Json) -> Json | Part:
    return codecs()[name](value)


def test_the_language_and_the_runtime_have_the_same_codecs() -> None:
    assert set(codecs()) == CODECS


def test_markdown_becomes_an_atlassian_document_and_comes_back() -> None:
    document = coded("adf", MARKDOWN)
    assert not isinstance(document, Part)
    assert coded("adf_markdown", document) == MARKDOWN.strip()


@pytest.mark.parametrize(
    ("written", "kind", "inside"),
    [
        ("- # Head", "listItem", [("paragraph", "Head")]),
        ("> - one\n>\n> ## Two", "blockquote", [("paragraph", ""), ("bulletList", ""), ("paragraph", "Two")]),
        ("- \n- b", "listItem", [("paragraph", "")]),
        ("- > quoted\n\n  ---\n\n  after", "listItem", [("paragraph", "quoted"), ("paragraph", "after")]),
        ("- - deep", "listItem", [("paragraph", ""), ("bulletList", "")]),
        ("1. ```\n   x = 1\n   ```", "listItem", [("codeBlock", "x = 1")]),
    ],
)
def test_an_atlassian_document_has_nothing_where_it_may_not_be(
    written: str, kind: str, inside: list[tuple[str, str]]
) -> None:
    document = coded("adf", written)
    assert not isinstance(document, Part)
    path = "/content/0/content/0/content" if kind == "listItem" else "/content/0/content"
    found = at(document, path)
    assert isinstance(found, list)
    assert [(text_at(node, "/type"), text_at(node, "/content/0/text") or "") for node in found] == inside


def test_code_in_an_atlassian_document_is_neither_bold_nor_italic_but_may_be_a_link() -> None:
    document = coded("adf", "**bold `code`** and [`link`](https://a.example) and - # x")
    assert not isinstance(document, Part)
    content = at(document, "/content/0/content")
    marks = [[text_at(mark, "/type") for mark in _listed(at(text, "/marks"))] for text in _listed(content)]
    assert marks == [["strong"], ["code"], [], ["link", "code"], []]


def test_markdown_becomes_confluences_storage_format_with_code_in_its_macro() -> None:
    assert coded("storage", "a & **b**\n\n```py\nx = a[b[0]]>1\n```\n\n    indented") == (
        "<p>a &amp; <strong>b</strong></p>\n"
        '<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">py</ac:parameter>'
        "<ac:plain-text-body><![CDATA[x = a[b[0]]]]><![CDATA[>1]]></ac:plain-text-body></ac:structured-macro>\n"
        '<ac:structured-macro ac:name="code">'
        "<ac:plain-text-body><![CDATA[indented]]></ac:plain-text-body></ac:structured-macro>"
    )


def test_markdown_becomes_notions_blocks_and_comes_back() -> None:
    blocks = coded("notion_blocks", "# T\n\nOne **bold** [l](https://a.example)\n\n- a\n  - b\n\n- [x] done\n\n> q\n")
    assert isinstance(blocks, list)
    assert [block["type"] for block in blocks if isinstance(block, dict)][:3] == [
        "heading_1",
        "paragraph",
        "bulleted_list_item",
    ]
    shown = coded("notion_markdown", blocks)
    assert shown == "# T\nOne **bold** l\n- a\n  - b\n- [x] done\n> q"


def test_markdown_becomes_html_in_which_html_is_only_shown() -> None:
    assert coded("html", "**a** <script>x</script>\nnext") == (
        "<p><strong>a</strong> &lt;script&gt;x&lt;/script&gt;<br />\nnext</p>"
    )


def test_a_google_document_becomes_markdown() -> None:
    run: Json = {"textRun": {"content": "Bold\n", "textStyle": {"bold": True}}}
    document: Json = {
        "body": {
            "content": [
                {
                    "paragraph": {
                        "paragraphStyle": {"namedStyleType": "HEADING_2"},
                        "elements": [{"textRun": {"content": "Head\n"}}],
                    }
                },
                {"paragraph": {"elements": [run]}},
                {"paragraph": {"bullet": {"nestingLevel": 1}, "elements": [{"textRun": {"content": "point\n"}}]}},
            ]
        }
    }
    assert coded("docs_markdown", document) == "## Head\n\n**Bold**\n\n  - point"


@pytest.mark.parametrize(
    ("codec", "value", "coded_"),
    [
        ("csv", ["a", 1, True], "a,1,true"),
        ("json", {"a": "ü"}, '{"a": "ü"}'),
        ("single_quoted", "a'b\\", r"'a\'b\\'"),
        ("double_quoted", 'a"b', r'"a\"b"'),
        ("odata_quoted", "O'Hara", "'O''Hara'"),
        ("base64", "hi", "aGk="),
        ("base64url", "??>", "Pz8-"),
        ("base64url_text", "Pz8-", "??>"),
        ("base64_text", "aG\nk=", "hi"),
        ("utc", "2026-12-31T10:00:00+01:00", "2026-12-31T09:00:00Z"),
        ("utc", 1795564800000, "2026-11-25T00:00:00Z"),
        ("date", "2026-12-31T23:30:00-05:00", "2026-12-31"),
        ("epoch", "2026-11-25", 1795564800),
        ("epoch_ms", "2026-11-25", 1795564800000),
        ("day_or_time", "2026-11-25", {"date": "2026-11-25"}),
        ("day_or_time", "2026-11-25T09:00:00Z", {"dateTime": "2026-11-25T09:00:00Z"}),
        ("table", [["a", "", "a"], [1, 2, 3], [4]], [{"a": 1, "column 2": 2, "a (3)": 3}, {"a": 4}]),
        ("header", {"in": [{"name": "SUBJECT", "value": "x"}], "name": "Subject"}, "x"),
    ],
)
def test_a_small_codec_gives_what_the_api_wants(codec: str, value: Json, coded_: Json) -> None:
    assert coded(codec, value) == coded_


@pytest.mark.parametrize("codec", ["utc", "date", "epoch", "day_or_time"])
@pytest.mark.parametrize("value", ["soon", True, "2026-13-01", 1e300])
def test_what_is_no_time_is_a_bad_value(codec: str, value: Json) -> None:
    with pytest.raises(BadValue, match="not a time"):
        coded(codec, value)


@pytest.mark.parametrize("name", ["../x", 'a"b', "a\r\nb", ""])
def test_a_file_name_cannot_leave_its_header(name: str) -> None:
    with pytest.raises(BadValue, match="name of a file"):
        coded("text_part", {"name": name, "text": "x"})
