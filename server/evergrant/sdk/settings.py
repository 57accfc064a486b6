"""Where the server is and what it is asked with, unless the caller says so."""

from pydantic import ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from evergrant.model.secret import Secret

LOCAL_URL = "http://localhost:8484"


class ClientSettings(BaseSettings):
    """`EVERGRANT_URL` and `EVERGRANT_TOKEN`; a variable that is empty is one that is not set."""

    model_config = SettingsConfigDict(
        env_prefix="EVERGRANT_", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    url: str = LOCAL_URL
    token: Secret | None = None

    @field_validator("url", "token", mode="before")
    @classmethod
    def _given(cls, value: object, info: ValidationInfo) -> object:
        if info.field_name == "url":
            return value or LOCAL_URL
        return Secret(value) if isinstance(value, str) and value else value or None
