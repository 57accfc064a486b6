"""How a connector of one's own signs its requests: apart, since the command line starts with it alone."""

from typing import Literal

AuthKind = Literal["oauth2", "api_key", "basic", "none"]
