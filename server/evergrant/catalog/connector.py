"""A connector: one provider, where it lives, how accounts connect, how long tokens live and how it says no."""

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import translate
from functools import cached_property
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from evergrant.catalog.account_source import AccountValue, FromRequest, FromUser, Identity, addresses
from evergrant.catalog.account_value import ACCOUNT_VALUE, check, deciding, expand
from evergrant.catalog.auth import ApiKey, Auth, Basic
from evergrant.catalog.declaration import Declaration, HttpUrl, Pointer
from evergrant.catalog.errors import Errors
from evergrant.catalog.limits import RateLimit
from evergrant.catalog.registration import Redirect, Registration
from evergrant.catalog.request import Encoding
from evergrant.model.account import DEFAULT_CREDENTIAL
from evergrant.model.json import Json

WIDE = re.compile(r"^https://\*\.[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[:/]|$)")
"""A star stands for subdomains of a domain that is written out, never of a whole top-level one."""
STRANGERS = ("https://evil.test", "http://evil.test", "evil.test", "https://127.0.0.1", "127.0.0.1", "https://[::1]")


class TokenAnswer(Declaration):
    """Where a token endpoint's answer differs from the names of RFC 6749 5.1."""

    access_token: Pointer = "/access_token"
    refresh_token: Pointer = "/refresh_token"
    expires_in: Pointer = "/expires_in"
    expires_at: Pointer = "/expires_at"
    refresh_token_expires_in: Pointer = "/refresh_token_expires_in"
    scope: Pointer = "/scope"
    scope_separator: str = " "


class RevocationRequest(Declaration):
    """Where a revocation differs from RFC 7009 2.1: a form with `token`, signed as the token endpoint's are."""

    method: Literal["POST", "DELETE"] = "POST"
    parameter: str = "token"
    """What the token is called."""
    auth_method: Literal["client_secret_basic", "client_secret_post"] | None = None
    """Left out, the token endpoint's."""
    encoding: Literal["form", "json"] | None = None
    """Left out, the token endpoint's."""


class Credential(Declaration):
    """A second pair of tokens that the same consent brings, with clocks of its own: Slack's person beside its bot.

    An exchange of its refresh token answers under the connector's own names.
    """

    scope_parameter: str
    """The parameter of the authorization request that asks for its scopes."""
    scopes: tuple[str, ...] = Field(min_length=1)
    """Those that are asked for with it, where a tool or a connection wants them."""
    answer: TokenAnswer


class OAuth(Declaration):
    """How the provider issues tokens, in the terms of RFC 8414 and RFC 7591."""

    grant_type: Literal["authorization_code", "client_credentials", "device_code", "jwt_bearer"] = "authorization_code"
    """How the first grant is had: by a consent in a browser (RFC 6749 4.1), by the client alone (4.4), by a consent on
    another device (RFC 8628), or by a key that signs assertions (RFC 7523)."""
    issuer: HttpUrl | None = None
    authorization_endpoint: HttpUrl | None = None
    device_authorization_endpoint: HttpUrl | None = None
    authorization_params: dict[str, str] = {}
    authorization_response_iss_parameter_supported: bool = False
    token_endpoint: HttpUrl | None = None
    token_endpoint_auth_method: Literal["client_secret_basic", "client_secret_post", "none"] = "none"
    token_endpoint_encoding: Literal["form", "json"] = "form"
    revocation_endpoint: HttpUrl | None = None
    """May have `{client_id}` in its path."""
    revocation_request: RevocationRequest = RevocationRequest()
    revocation_token: Literal["refresh_token", "access_token", "bearer"] = "refresh_token"
    revocation_ended: tuple[str, ...] = ("invalid_token",)
    """The codes by which the revocation endpoint says that the token had ended before (RFC 7009 2.2 wants a 200)."""
    revocation_spares_access_token: bool = False
    """Access tokens already issued live on until they expire."""
    revocation_help: HttpUrl | None = None
    """The page on which a person ends the grant by hand, or reads how."""
    introspection_endpoint: HttpUrl | None = None
    pkce: bool = True
    scopes: tuple[str, ...] = ()
    scopes_not_for: dict[str, dict[str, tuple[str, ...]]] = {}
    """By account value and what it is: the scopes that would fail the consent of such an account."""
    scope_separator: str = " "
    scope_covers: dict[str, tuple[str, ...]] = {}
    """The scopes that a wider one brings with it, where the provider does not name them in its answer."""
    answer: TokenAnswer = TokenAnswer()
    credentials: dict[str, Credential] = {}

    def credential_of(self, scope: str) -> str:
        """The name of the credential that a scope belongs to."""
        owners = (name for name, credential in self.credentials.items() if scope in credential.scopes)
        return next(owners, DEFAULT_CREDENTIAL)

    def suiting(self, wanted: Iterable[str], account: Mapping[str, str]) -> tuple[str, ...]:
        """The wanted scopes, each once, without those that the provider has not for such an account."""
        unfit = {scope for name, kinds in self.scopes_not_for.items() for scope in kinds.get(account.get(name, ""), ())}
        return tuple(scope for scope in dict.fromkeys(wanted) if scope not in unfit)

    def lacking(self, wanted: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
        """The wanted scopes that the granted ones neither are nor cover."""
        there = {each for scope in granted for each in (scope, *self.scope_covers.get(scope, ()))}
        return tuple(scope for scope in wanted if scope not in there)

    def missing_endpoints(self) -> tuple[str, ...]:
        """The keys without which a grant of this kind cannot be had."""
        needed = {"token_endpoint": self.token_endpoint}
        if self.grant_type == "authorization_code":
            needed["authorization_endpoint"] = self.authorization_endpoint
        if self.grant_type == "device_code":
            needed["device_authorization_endpoint"] = self.device_authorization_endpoint
        return tuple(name for name, url in needed.items() if url is None)

    def endpoints(self) -> tuple[str, ...]:
        """The addresses of those that there are."""
        found = (
            self.authorization_endpoint,
            self.device_authorization_endpoint,
            self.token_endpoint,
            self.revocation_endpoint,
            self.introspection_endpoint,
        )
        return tuple(url for url in found if url)


class GrantPolicy(Declaration):
    """How long a provider's tokens live and what a refresh does to the old ones; what an answer says overrules it."""

    access_token_ttl_s: int | None = None
    rotation: Literal["never", "always", "optional", "unknown"] = "unknown"
    grace_s: int = 0
    grace_result: Literal["same", "new"] = "same"
    reuse_revokes_family: bool = False
    refresh_revokes_access_token: bool = False
    refresh_token_idle_s: int | None = None
    refresh_token_absolute_s: int | None = None
    grants_per_user_and_client: int | None = None
    min_exchange_interval_s: int = 0
    refresh_window_s: int | None = None
    source: str
    verified_on: str

    @field_validator("verified_on")
    @classmethod
    def _a_date(cls, value: str) -> str:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise ValueError("must be a date such as 2026-11-23")
        return value


class Connector(Declaration):
    """One provider."""

    name: str
    abstract: bool = False
    description: str
    docs: HttpUrl
    base_url: HttpUrl
    allow: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    encoding: Encoding = "json"
    oauth: OAuth = OAuth()
    auth: Auth | None = None
    """How requests are signed where there is no OAuth; None is a bearer token of `oauth`."""
    redirect: Redirect = Redirect()
    registration: Registration | None = None
    grant: GrantPolicy
    identity: Identity
    account: dict[str, AccountValue] = {}
    errors: Errors = Errors()
    limits: tuple[RateLimit, ...] = ()
    noise: tuple[str, ...] = ()
    """Names of members, with `*` for any part, that are left out of every answer."""

    @field_validator("allow")
    @classmethod
    def _a_star_is_narrow(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        if broad := [entry for entry in allow if "*" in entry and not WIDE.match(entry)]:
            raise ValueError(f"a star stands for the subdomains of a domain, as in https://*.acme.com/: {broad[0]}")
        return allow

    @field_validator("account")
    @classmethod
    def _a_sent_host_is_bound(cls, account: dict[str, AccountValue], info: ValidationInfo) -> dict[str, AccountValue]:
        """A provider's answer may name a host only within bounds that the declaration writes out."""
        if not {"base_url", "allow", "oauth", "identity"} <= set(info.data):
            return account  # what is wrong with those is said first
        allow: tuple[str, ...] = info.data["allow"]
        endpoints = info.data["oauth"].endpoints()
        urls = (info.data["base_url"], *allow, *endpoints, *addresses(info.data["identity"], account))
        for name, value in account.items():
            if not isinstance(value, FromUser) and _decide(name, urls):
                _check_bounds(name, value.pattern, allow, endpoints)
        return account

    @model_validator(mode="after")
    def _has_one_way_to_sign(self) -> "Connector":
        if self.auth is not None and self.oauth != OAuth():
            raise ValueError("auth takes the place of oauth: a service has one of the two")
        if isinstance(self.auth, ApiKey | Basic) and self.identity.request is None:
            raise ValueError("identity needs a request: only the service knows whose key it is")
        if self.oauth.grant_type in ("client_credentials", "jwt_bearer") and self.grant.rotation != "never":
            raise ValueError("without a person's consent there is no refresh token, so grant.rotation is never")
        if self.auth is None and (missing := self.oauth.missing_endpoints()):
            raise ValueError(f"oauth needs {' and '.join(missing)}; a service without OAuth says so under auth")
        return self

    @model_validator(mode="after")
    def _account_values_are_declared(self) -> "Connector":
        named = (*self.urls(), *self.identity.subject, *self.identity.label, *self._named_elsewhere())
        used = set(ACCOUNT_VALUE.findall(" ".join(named)))
        if unknown := used - set(self.account):
            raise ValueError(f"account value used but not declared under account: {', '.join(sorted(unknown))}")
        if ACCOUNT_VALUE.match(self.base_url) and not self.allow:
            raise ValueError("base_url is an account value, so allow must list the origins a credential may go to")
        return self

    @property
    def ending_page(self) -> str:
        """The page on which a person ends a grant, or a key, by hand, or reads how."""
        of_key = (self.auth.ended_at or self.auth.help) if isinstance(self.auth, ApiKey | Basic) else None
        return self.oauth.revocation_help or of_key or self.docs

    def _named_elsewhere(self) -> Iterator[str]:
        if isinstance(self.auth, Basic):
            yield self.auth.username or ""
        for value in self.account.values():
            yield from value.match.values() if isinstance(value, FromRequest) else ()

    def urls(self) -> tuple[str, ...]:
        """All addresses of the declaration, account values not filled in."""
        return self._urls

    @cached_property
    def _urls(self) -> tuple[str, ...]:
        help_ = (self.oauth.revocation_help,) if self.oauth.revocation_help else ()
        return (self.base_url, *self.allow, *self.oauth.endpoints(), *help_, *addresses(self.identity, self.account))

    def expand(self, url: str, account: Mapping[str, str]) -> str:
        """`url` with `{account.x}` filled; raises KeyError where the account has no such value, BadAccountValue."""
        return expand(url, account)

    def without_noise(self, value: Json) -> Json:
        """An answer without the members that no model needs."""
        return _without(value, self._noise) if self.noise else value

    @cached_property
    def _noise(self) -> re.Pattern[str]:
        return re.compile("|".join(map(translate, self.noise)))

    def check_value(self, name: str, text: str) -> None:
        """Raises BadAccountValue where the account value would not fit into an address of the declaration."""
        for url in self.urls():
            check(url, name, text)


def _without(value: Json, noise: re.Pattern[str]) -> Json:
    match value:
        case dict():
            return {key: _without(part, noise) for key, part in value.items() if not noise.match(key)}
        case list():
            return [_without(part, noise) for part in value]
        case _:
            return value


def _decide(name: str, urls: Iterable[str]) -> bool:
    return any(name in deciding(url) for url in urls)


def _check_bounds(name: str, pattern: str, allow: tuple[str, ...], endpoints: tuple[str, ...]) -> None:
    host = f"{name} is sent by the provider and is a host"
    if _decide(name, endpoints):
        raise ValueError(f"{host}, so it cannot be an OAuth endpoint's: client secret and tokens would go there")
    if not allow or _decide(name, allow):
        raise ValueError(f"{host}, so allow must write out where a credential may go, as in https://*.acme.com/")
    if any(re.fullmatch(pattern, stranger) for stranger in STRANGERS):
        raise ValueError(f"{host}, so its pattern must write out how the host ends")
