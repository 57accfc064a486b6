"""Commands that are known by name and by what they say of themselves, and imported when they are called."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand


class Verb(TyperCommand):
    """Stands for the command or the group `of`, in a module of this package, until somebody calls it or its help."""

    def __init__(self, name: str, of: str, help: str, epilog: str | None = None) -> None:  # noqa: A002  (Typer's word)
        """`help` is the first paragraph of what the command itself says."""
        super().__init__(name=name, help=help, epilog=epilog)
        self._of = of

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """The context of the command itself, which then runs in place of this one."""
        return self.loaded().make_context(*args, **kwargs)

    def loaded(self) -> Any:
        """The command itself."""
        module, _, attribute = self._of.partition(":")
        found = getattr(import_module(f"evergrant.cli.{module}"), attribute)
        group = found if isinstance(found, typer.Typer) else typer.Typer(add_completion=False)
        if group is not found:
            group.command(name=self.name, epilog=self.epilog)(found)
        command = typer.main.get_command(group)
        command.name = self.name
        return command
