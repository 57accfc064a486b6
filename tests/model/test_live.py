"""Live secrets are found in any text and in any form, without a second copy of one being held."""

import base64
import gc
import json
import pickle
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.model.live import REDACTED, SHORTEST, WINDOW, LiveSecrets
from evergrant.model.secret import Secret

ODD = 'p4ss "word" \\ of/the+client=é ü&?'
TOKEN = "sbx_at_KpX3v9QmZr7TfLw2NcYh"
visible = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x17F), min_size=SHORTEST, max_size=80)
around = st.text(st.sampled_from("xyz .:/?&=\"'"), max_size=40)


def knowing(*values: str) -> LiveSecrets:
    live = LiveSecrets()
    for value in values:
        live.note(Secret(value))
    return live


def test_a_text_keeps_everything_but_the_secret() -> None:
    text = f"GET https://api.example/v1?token={TOKEN}&page=2 as Bearer {TOKEN}, twice"
    assert (
        knowing(TOKEN).redact(text) == f"GET https://api.example/v1?token={REDACTED}&page=2 as Bearer {REDACTED}, twice"
    )


def test_a_text_without_secrets_stays_as_it_is() -> None:
    text = "refresh tick failed: the disk is full " * 10
    assert knowing(TOKEN, ODD).redact(text) == text
    assert LiveSecrets().redact(text) == text


@pytest.mark.parametrize(
    "encoded",
    [
        ODD,
        quote(ODD, safe=""),
        quote_plus(ODD),
        json.dumps(ODD)[1:-1],
        repr(ODD)[1:-1],
        ODD.encode().hex(),
        base64.b64encode(ODD.encode()).decode(),
        base64.urlsafe_b64encode(ODD.encode()).decode(),
    ],
)
def test_a_secret_is_found_in_every_encoding(encoded: str) -> None:
    redacted = knowing(ODD).redact(f"before {encoded} after")
    assert REDACTED in redacted
    assert encoded[:WINDOW] not in redacted
    assert encoded.rstrip("=")[-WINDOW:] not in redacted
    assert redacted.endswith("after")


def test_a_secret_that_was_cut_off_at_one_side_is_found() -> None:
    live = knowing(TOKEN)
    assert live.redact(f"begins with {TOKEN[:15]}") == f"begins with {REDACTED}"
    assert live.redact(f"{TOKEN[7:]} is its end") == f"{REDACTED} is its end"


@given(secret=visible, before=around, after=around)
def test_no_secret_is_left_in_any_text(secret: str, before: str, after: str) -> None:
    redacted = knowing(secret).redact(before + secret + after)
    assert REDACTED in redacted
    assert secret not in redacted.replace(REDACTED, "")


@given(first=visible, second=visible)
def test_two_secrets_that_meet_are_both_taken_out(first: str, second: str) -> None:
    redacted = knowing(first, second).redact(f"{first}{second}").replace(REDACTED, "")
    assert first not in redacted
    assert second not in redacted


def test_a_secret_of_few_characters_is_found_whole_and_a_very_short_one_is_left_to_other_nets() -> None:
    assert knowing("hunter2!").redact("the password hunter2! of old") == f"the password {REDACTED} of old"
    assert knowing("tick").redact("refresh tick failed") == "refresh tick failed"


def test_nothing_that_is_held_shows_a_secret() -> None:
    live = knowing(TOKEN, ODD)
    held = gc.get_referents(live)
    seen: set[int] = set()
    while held:
        one = held.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        held += gc.get_referents(one)
        if isinstance(one, str | bytes):
            assert len(one) <= 16 or TOKEN[:WINDOW] not in str(one)
            assert TOKEN not in str(one)
    with pytest.raises(TypeError):
        pickle.dumps(live)


def test_only_so_many_secrets_are_remembered_and_the_latest_among_them() -> None:
    live = LiveSecrets(most=10)
    values = [f"token-{number:04}-of-many" for number in range(1000)]
    for value in values:
        live.note(Secret(value))
    assert len(live) <= 20
    assert all(live.redact(value) == REDACTED for value in values[-10:])
    assert live.redact(values[0]) == values[0]


def test_a_secret_in_use_is_remembered_however_many_others_pass() -> None:
    live = LiveSecrets(most=10)
    for number in range(1000):
        live.note(Secret(TOKEN))
        live.note(Secret(f"token-{number:04}-of-many"))
        assert live.redact(TOKEN) == REDACTED


def test_two_processes_hash_differently() -> None:
    held = [vars(knowing(TOKEN))["_young"].noted for _ in range(2)]
    assert held[0] != held[1]
