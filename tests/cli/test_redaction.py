"""The log's last net: live values and whatever is named like a secret, at every depth of a record."""

import subprocess
import sys
from typing import Any

import pytest

from evergrant.cli.redaction import LONGEST_TEXT, Redaction
from evergrant.model.live import REDACTED, LiveSecrets
from evergrant.model.secret import Secret

HARD_TEXTS = """
from evergrant.cli.redaction import Redaction
from evergrant.model.live import LiveSecrets
for part in ("a-", "token", "token-", "basic ", "bearer x ", "'", '"token', "code=", "?state="):
    Redaction(LiveSecrets())(None, "info", {part * 10_000: part * 10_000})
print("done")
"""
TOKEN = "sbx_at_KpX3v9QmZr7TfLw2NcYh"


@pytest.fixture
def redaction() -> Redaction:
    live = LiveSecrets()
    live.note(Secret(TOKEN))
    return Redaction(live)


class Shown:
    def __repr__(self) -> str:
        return f"<answer with {TOKEN}>"


def test_a_live_value_is_taken_out_at_every_depth(redaction: Redaction) -> None:
    record: dict[str, Any] = {
        "message": f"sent {TOKEN}",
        "seen": [{"in": (TOKEN, TOKEN.encode(), Shown(), ValueError(TOKEN))}, {TOKEN}],
        TOKEN: 1,
        "number": 7,
        "nothing": None,
    }
    assert redaction(None, "info", record) == {
        "message": f"sent {REDACTED}",
        "seen": [
            {"in": [REDACTED, f"b'{REDACTED}'", f"<answer with {REDACTED}>", f"ValueError('{REDACTED}')"]},
            [REDACTED],
        ],
        REDACTED: 1,
        "number": 7,
        "nothing": None,
    }


@pytest.mark.parametrize(
    "name",
    [
        "access_token",
        "refresh_token",
        "client_secret",
        "Authorization",
        "code_verifier",
        "api_key",
        "X-Api-Key",
        "Cookie",
    ],
)
def test_what_is_named_like_a_secret_is_taken_out_whatever_it_is(redaction: Redaction, name: str) -> None:
    assert redaction(None, "info", {"request": {name: "unknown"}}) == {"request": {name: REDACTED}}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdefghij.klm", f"Authorization: Bearer {REDACTED}"),
        ("sent Basic dXNlcjpwYXNzd29yZA==", f"sent Basic {REDACTED}"),
        ("POST /token grant_type=x&refresh_token=abcdef&y=1", f"POST /token grant_type=x&refresh_token={REDACTED}&y=1"),
        ('{"client_secret": "abc def", "a": 1}', f'{{"client_secret": "{REDACTED}", "a": 1}}'),
        ("{'code_verifier': 'abcdef'}", f"{{'code_verifier': '{REDACTED}'}}"),
        ("/callback?code=abcdefgh123&state=zyxwvuts9", f"/callback?code={REDACTED}&state={REDACTED}"),
    ],
)
def test_what_stands_under_the_name_of_a_secret_in_a_text_is_taken_out(
    redaction: Redaction, text: str, left: str
) -> None:
    assert redaction.text(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "invalid_token: The access token has expired.",
        "refresh tick failed",
        "error_code=invalid_grant",
        "code=404",
        "a basic misunderstanding",
    ],
)
def test_ordinary_words_are_left(redaction: Redaction, text: str) -> None:
    assert redaction.text(text) == text


def test_what_goes_in_circles_or_on_for_ever_is_cut(redaction: Redaction) -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    assert "<dict>" in str(redaction(None, "info", {"circle": circle}))
    assert len(redaction.text("long " * LONGEST_TEXT)) == LONGEST_TEXT


def test_no_text_makes_the_patterns_go_back_and_forth() -> None:
    """A pattern that backtracks takes minutes over these, where a good one takes a fraction of a second."""
    ran = subprocess.run([sys.executable, "-c", HARD_TEXTS], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "done\n"
