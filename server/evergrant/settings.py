"""Configuration: a value read once, from the environment."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from evergrant.dial.guard import Permitted, permitted
from evergrant.vault.keys import KeySource

DEFAULT_PORT = 8484
LOCAL_TENANT = "tnt_local"
"""The tenant of a vault that serves one person or one team."""


class Settings(BaseSettings):
    """Every setting has a default and an `EVERGRANT_` variable."""

    model_config = SettingsConfigDict(env_prefix="EVERGRANT_", frozen=True, hide_input_in_errors=True)

    home: Path = Path("~/.evergrant")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = DEFAULT_PORT
    public_url: str | None = None
    key_source: KeySource = "auto"
    connector_path: Annotated[tuple[Path, ...], NoDecode] = ()
    allow_private_hosts: Annotated[Permitted, NoDecode] = Permitted()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("connector_path", mode="before")
    @classmethod
    def _folders(cls, value: object) -> object:
        return tuple(Path(part).expanduser() for part in value.split(":") if part) if isinstance(value, str) else value

    @field_validator("allow_private_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        return permitted(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("connector_path")
    @classmethod
    def _there(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        if missing := [path for path in value if not (path / "connectors").is_dir()]:
            raise ValueError(f"there is no folder {missing[0] / 'connectors'}")
        return value

    @property
    def url(self) -> str:
        """Where people and providers reach this server."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def redirect_uri(self) -> str:
        """The callback that new connections register."""
        return f"{self.url}/callback"
