"""Pages of tools."""

import base64

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import Tool

from evergrant.entry.mcp.paging import PAGE, page


def tools(*names: str) -> list[Tool]:
    return [Tool(name=name, input_schema={"type": "object"}) for name in names]


def numbered(count: int) -> list[Tool]:
    return tools(*(f"tool_{number:04}" for number in range(count)))


META = tools("zeta", "alpha")


def names(shown: list[Tool]) -> list[str]:
    return [tool.name for tool in shown]


def test_the_important_tools_come_first_in_their_own_order_and_the_others_by_name() -> None:
    shown, cursor = page(META, tools("b", "c", "a"), None)

    assert names(shown) == ["zeta", "alpha", "a", "b", "c"]
    assert cursor is None


def test_the_pages_together_are_the_list() -> None:
    rest, seen, cursor, sizes = numbered(250), list[str](), None, list[int]()
    while True:
        shown, cursor = page(META, rest, cursor)
        seen += names(shown)
        sizes.append(len(shown))
        if cursor is None:
            break

    assert seen == names([*META, *rest])
    assert sizes == [PAGE, PAGE, 52]


def test_a_full_last_page_has_no_cursor() -> None:
    assert page([], numbered(PAGE), None)[1] is None


def test_tools_that_come_and_go_between_pages_shift_nothing() -> None:
    rest = numbered(150)
    _, cursor = page(META, rest, None)
    changed = tools("a_new_one", *names(rest[:50]), *names(rest[98:]))  # the cursor's own tool is gone

    shown, _ = page(META, changed, cursor)

    assert names(shown) == names(rest[98:])


@pytest.mark.parametrize("cursor", ["!", "abc", base64.urlsafe_b64encode(b"\xff\xff").decode()])
def test_a_cursor_that_was_not_given_here_is_refused(cursor: str) -> None:
    with pytest.raises(MCPError, match="Invalid cursor") as refused:
        page(META, numbered(3), cursor)

    assert refused.value.code == -32602
