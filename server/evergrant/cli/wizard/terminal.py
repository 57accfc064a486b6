"""The person at the terminal: told things, shown pages, asked for lines. Where nobody sits there, there is none."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getpass

from evergrant.cli.browser import open_page
from evergrant.cli.output import Output
from evergrant.cli.wizard import words


class Stopped(Exception):
    """The person pressed Ctrl-C, or closed the terminal, at a question."""


@dataclass(frozen=True, slots=True)
class Person:
    """Reads and writes the terminal; every question may end with Stopped."""

    out: Output
    opens_pages: bool

    def told(self, text: str) -> None:
        """A paragraph."""
        self.out.say(text)

    def shown(self, link: str) -> None:
        """A page: opened, and its address in any case."""
        self.told(words.page(link, opened=self.opens_pages and open_page(link)))

    def asked(self, prompt: str) -> str:
        """A line, without its end."""
        with interruptible():
            self.out.aside.print(prompt, end=" ", soft_wrap=True, highlight=False, markup=False)
            line = sys.stdin.readline()
        if not line:
            raise Stopped
        return line.rstrip("\n")

    def asked_hidden(self, prompt: str) -> str:
        """A line that is not shown."""
        with interruptible():
            return getpass(f"{prompt} ")


def someone(out: Output, *, no_browser: bool) -> Person | None:
    """Whoever can be asked: nobody under --json, nor where standard input is no terminal."""
    return Person(out, not no_browser) if sys.stdin.isatty() and not out.as_json else None


@contextmanager
def interruptible() -> Generator[None, None, None]:
    """Ctrl-C ends the block at once, with Stopped; the event loop's own handler would wait for a line to be read."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except (KeyboardInterrupt, EOFError):
        raise Stopped from None
    finally:
        signal.signal(signal.SIGINT, before)
