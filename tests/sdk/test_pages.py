"""Lists are read to their end, whatever the size of their pages."""

import httpx2
import pytest

from evergrant import Evergrant

pytestmark = pytest.mark.anyio
SCHEMA = {"type": "object"}


async def test_tools_on_several_pages_are_one_list() -> None:
    asked: list[str] = []

    def page(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.query.decode())
        number = len(asked)
        tool = {"name": f"x_{number}", "description": "Does.", "input_schema": SCHEMA}
        return httpx2.Response(200, json={"tools": [tool], "next_cursor": "a&b" if number < 3 else None})

    async with Evergrant("http://localhost", "token", transport=httpx2.MockTransport(page)) as client:
        tools = await client.get_tools(connected_account_id="acme", toolset="read", format="anthropic")
    assert [tool["name"] for tool in tools] == ["x_1", "x_2", "x_3"]
    first = "connected_account_id=acme&toolset=read"
    assert asked == [first, f"{first}&cursor=a%26b", f"{first}&cursor=a%26b"]
