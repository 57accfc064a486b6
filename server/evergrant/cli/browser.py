"""The browser of the person at the terminal, where there is one that they would see."""

import os
import sys
import webbrowser


def open_page(url: str) -> bool:
    """Whether the page was opened: not over SSH, not without a screen."""
    return has_display() and webbrowser.open(url)


def has_display() -> bool:
    """Whether a browser opened here would be seen by the person."""
    env = os.environ  # noqa: TID251  (the terminal's own facts, not settings)
    remote = "SSH_CONNECTION" in env and "DISPLAY" not in env
    return not remote and (sys.platform == "darwin" or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")))
