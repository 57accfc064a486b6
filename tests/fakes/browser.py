"""A person at a real browser, scripted: opens a link, gives the code, logs in, consents, and tells what it shows."""

import asyncio
import re
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, async_playwright

from evergrant.model.clock import SystemClock

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "scripts" / "install-test-browser"
LOOPBACK_ONLY = (
    # In a container there is nothing that the browser's own sandbox could be built of.
    "--no-sandbox",
    "--no-proxy-server",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
MOST_PAGES = 10
MOST_MS = 15_000.0
TYPED = "input:not([type=hidden]):not([type=checkbox]):not([type=submit])"
BUTTONS = "form button, form input[type=submit]"
REFUSES = re.compile("deny|cancel|abort|not me", re.IGNORECASE)


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """The system's browser without a window, for any number of people; skips the test where there is none."""
    found = await asyncio.to_thread(subprocess.run, [INSTALL], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode != 0:
        pytest.skip(f"no browser; where there is a network, run {INSTALL.relative_to(ROOT)}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found.stdout.strip(), args=LOOPBACK_ONLY)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(frozen=True)
class Ending:
    """The page at which a person ended."""

    text: str
    pressed_at: float
    """When the last button was pressed, as SystemClock.monotonic() tells the time."""


async def follow(browser: Browser, link: str, code: str | None, login: str = "anna") -> Ending:
    """Where a person ends who opens the link and agrees to everything.

    The code is typed on the link's own site, the login everywhere else. Each call is another person, without cookies.
    It ends at a page without a form, and where the code is asked for again.
    """
    clock = SystemClock()
    async with await browser.new_context() as person:
        page = await person.new_page()
        page.set_default_timeout(MOST_MS)
        await page.goto(link)
        pressed_at = clock.monotonic()
        for _ in range(MOST_PAGES):
            ours = _site(page.url) == _site(link)
            fields, button = await page.locator(TYPED).all(), page.locator(BUTTONS).filter(has_not_text=REFUSES).first
            text = code if ours else login
            if await button.count() == 0 or (fields and text is None):
                return Ending(await page.inner_text("body"), pressed_at)
            for field in fields:
                await field.fill(text or "")
            pressed_at = clock.monotonic()
            async with page.expect_navigation():
                await button.click()
            code = None if ours and fields else code
    raise AssertionError(f"no end after {MOST_PAGES} pages; the last is {page.url}")


def _site(url: str) -> str:
    return urlsplit(url).netloc
