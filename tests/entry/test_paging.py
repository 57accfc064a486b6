"""Pages of tools."""

import base64

import pytest
from mcp.shared.exceptions import MCPError

from evergrant.entry.mcp.paging import PAGE, Place, page


def numbered(count: int) -> list[Place]:
    return [Place(number // 2, f"{'ab'[number % 2]}_{number:04}") for number in range(count)]


META = [Place(-2, "zeta"), Place(-1, "alpha")]


def names(places: list[Place]) -> tuple[str, ...]:
    return tuple(place.name for place in places)


def encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode()


def test_the_pages_together_are_the_list() -> None:
    places, seen, cursor, sizes = [*META, *numbered(250)], list[str](), None, list[int]()
    while True:
        shown, cursor = page(places, cursor)
        seen += shown
        sizes.append(len(shown))
        if cursor is None:
            break

    assert tuple(seen) == names(places)
    assert sizes == [PAGE, PAGE, 52]


def test_a_full_last_page_has_no_cursor() -> None:
    assert page(numbered(PAGE), None).following is None


def test_tools_that_come_and_go_between_pages_shift_nothing() -> None:
    places = numbered(150)
    _, cursor = page([*META, *places], None)
    changed = sorted([Place(3, "a_new_one"), *places[:50], *places[98:]])  # the cursor's own tool is gone

    shown, _ = page([*META, *changed], cursor)

    assert shown == names(places[98:])


@pytest.mark.parametrize(
    "cursor",
    ["!", "abc", encoded(b"\xff\xff"), encoded(b"x sandbox_list_rows"), encoded(b"9" * 5000 + b" a"), encoded(b"1 ")],
)
def test_a_cursor_that_was_not_given_here_is_refused(cursor: str) -> None:
    with pytest.raises(MCPError, match="Invalid cursor") as refused:
        page(numbered(3), cursor)

    assert refused.value.code == -32602
