"""What the pages show can be done as it stands, and what they name is there."""

import re

from tests.oauth.samples import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
CURL = re.compile(r"^\s*curl (?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
BODY = re.compile(r"\s(?:-d|--data\S*|-F|--form)\b")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def test_bodies_are_sent_as_json() -> None:
    """`curl -d` alone calls its body a form, which `/v1` answers with 415."""
    commands = [found for page in PAGES for found in CURL.findall(page.read_text(encoding="utf-8"))]

    assert any("--json" in command for command in commands)
    assert [command for command in commands if BODY.search(command)] == []


def test_links_lead_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in LINK.findall(page.read_text(encoding="utf-8"))]

    assert len(links) > 50
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []
