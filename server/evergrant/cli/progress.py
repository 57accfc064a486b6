"""A bar for work that takes a while: on standard error, and only where a person looks at it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evergrant.cli.output import Output

Told = Callable[[int, int | None], None]
"""Is told how much is done, and of how much, where that is known."""


@contextmanager
def bar(out: Output, what: str) -> Generator[Told, None, None]:
    """Shows a bar until the end of the block; nothing under --json, or where standard error is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = out.as_json or not out.aside.is_terminal
    with Progress(*columns, console=out.aside, disable=hidden, transient=True) as shown:
        task = shown.add_task(what, total=None)

        def told(done: int, of: int | None) -> None:
            shown.update(task, completed=done, total=of)

        yield told
