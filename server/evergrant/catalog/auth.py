"""How an account's requests are signed where a service has no OAuth: with a key, a password, or not at all."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from evergrant.catalog.declaration import Declaration, HttpUrl, Regex


class _Typed(Declaration):
    """A secret that a person copies from the service's page."""

    title: str
    """What the service calls it."""
    help: HttpUrl
    """The page on which it is made."""
    needs: str | None = None
    """What to choose on that page, as the person reads it: what the key must be allowed to do."""
    ended_at: HttpUrl | None = None
    """The page on which it is ended, where that is another one."""
    pattern: Regex = r"\S{8,}"
    """What it looks like; what is pasted is checked before it is sent anywhere."""
    looks_like: str | None = None


class ApiKey(_Typed):
    """A key in a header, or in a parameter of the query."""

    kind: Literal["api_key"]
    header: str | None = None
    prefix: str = ""
    """What stands before it in the header, such as `Token `; a space at its end is meant."""
    query: str | None = None

    @model_validator(mode="after")
    def _has_one_place(self) -> "ApiKey":
        if (self.header is None) == (self.query is None):
            raise ValueError("an API key stands in a header or in the query: name one of the two")
        return self


class Basic(_Typed):
    """RFC 7617: the secret is the password, or the user name of a password that is empty (Stripe)."""

    kind: Literal["basic"]
    username: str | None = None
    """With `{account.x}` for a value of the account; none where the secret is the user name."""


class NoAuth(Declaration):
    """A service that asks for nothing."""

    kind: Literal["none"]


Auth = Annotated[ApiKey | Basic | NoAuth, Field(discriminator="kind")]
