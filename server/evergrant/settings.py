"""Configuration: a value read once, from the environment."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from evergrant.catalog.registration import Redirect
from evergrant.dial.guard import Permitted, permitted
from evergrant.model import tenant
from evergrant.model.audit import InputPolicy
from evergrant.model.policy import DEFAULT as DEFAULT_POLICY
from evergrant.model.policy import Policy
from evergrant.model.secret import Secret
from evergrant.model.tool_mode import MODES, SEARCH
from evergrant.vault.keys import KeySource
from evergrant.vault.sources.given import Given, Transit

DEFAULT_PORT = 8484
LOCAL_TENANT = tenant.LOCAL_TENANT
"""The tenant of a vault that serves one person or one team."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def callback_path(tenant_id: str, connector: str) -> str:
    """Where the provider's answers for one connection come to."""
    return f"/callback/{connector}" if tenant_id == LOCAL_TENANT else f"/callback/{tenant_id}/{connector}"


def _path(value: object) -> object:
    """An empty variable is one that is not set."""
    return Path(value).expanduser().absolute() if isinstance(value, str) and value else value or None


def _set(value: object) -> object:
    return value or None


def _secret(value: object) -> object:
    return Secret(value) if isinstance(value, str) and value else value or None


OptionalPath = Annotated[Path | None, BeforeValidator(_path)]
OptionalText = Annotated[str | None, BeforeValidator(_set)]
OptionalSecret = Annotated[Secret | None, BeforeValidator(_secret)]


class Settings(BaseSettings):
    """Every setting has a default and an `EVERGRANT_` variable, but for those that other programs have named."""

    model_config = SettingsConfigDict(
        env_prefix="EVERGRANT_", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    home: Path = Path("~/.evergrant")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = DEFAULT_PORT
    public_url: str | None = None
    key_source: KeySource = "auto"
    key: OptionalSecret = None
    key_file: OptionalPath = None
    passphrase_file: OptionalPath = None
    credentials_directory: OptionalPath = Field(default=None, validation_alias="CREDENTIALS_DIRECTORY")
    aws_kms_key: str | None = None
    vault_transit_key: str = "evergrant"
    vault_addr: str | None = Field(default=None, validation_alias="VAULT_ADDR")
    vault_namespace: str | None = Field(default=None, validation_alias="VAULT_NAMESPACE")
    vault_token: OptionalSecret = Field(default=None, validation_alias="VAULT_TOKEN")
    vault_token_file: OptionalPath = Field(default=None, validation_alias="VAULT_TOKEN_FILE")
    link_proof: Literal["code", "backend"] = "code"
    return_url: Annotated[str | None, Field(validate_default=True)] = None
    hold_s: Annotated[float, Field(ge=0, le=300)] = 45
    result_tokens: Annotated[int, Field(ge=1000, le=200_000)] = 8000
    """How large a result may be that an agent is given in one piece, in tokens of 4 characters."""
    connector_path: Annotated[tuple[Path, ...], NoDecode] = ()
    policy: Policy = DEFAULT_POLICY
    """What callers may do where their key says nothing else."""
    approvals: Literal["person", "operator"] = "person"
    """Who approves calls: whoever is asked by their client or at a link, or the operator alone."""
    tools: Annotated[tuple[str, ...], NoDecode] = (SEARCH,)
    """Which tools an agent is listed by name: none (`search`), `all`, or those of these toolsets."""
    allow_private_hosts: Annotated[Permitted, NoDecode] = Permitted()
    jwt_issuer: OptionalText = None
    """Whose access tokens let callers in over HTTP, exactly as its tokens name it."""
    jwt_audience: OptionalText = None
    """What those tokens must be for; None is `resource`."""
    jwks_url: OptionalText = None
    """Where the issuer's keys are; None is what its metadata says."""
    jwt_tenant_claim: OptionalText = None
    """The claim that names a bearer's tenant."""
    jwt_tenant: Annotated[Literal["local"] | None, BeforeValidator(_set), Field(validate_default=True)] = None
    """`local`: whoever bears a good token is of the vault's own tenant."""
    tenant_rate: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] = 50
    """Requests a second that one tenant may make of this process, where it has no limit of its own; 0 is no limit."""
    tenant_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """How many it may make at once."""
    notify: Literal["off", "desktop"] = "off"
    """Where the person at this machine is told that an account must be reconnected."""
    audit_inputs: InputPolicy = "none"
    """What the audit keeps of what calls say."""
    audit_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """How long the audit is kept."""
    otel: bool = False
    """Whether spans are sent to where OpenTelemetry's own variables say."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("connector_path", mode="before")
    @classmethod
    def _folders(cls, value: object) -> object:
        return tuple(Path(part).expanduser() for part in value.split(":") if part) if isinstance(value, str) else value

    @field_validator("tools", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) or (SEARCH,) if isinstance(value, str) else value

    @field_validator("tools")
    @classmethod
    def _one_mode(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > 1 and (mode := [name for name in value if name in MODES]):
            raise ValueError(f"{mode[0]} stands alone: write search, all, or names of toolsets with commas")
        return value

    @field_validator("allow_private_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        return permitted(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("return_url")
    @classmethod
    def _a_page_of_ones_own(cls, value: str | None, info: ValidationInfo) -> str | None:
        """There go people whose consent the back end must confirm; nobody else may read which consent that is."""
        parts = urlsplit(value or "")
        local = parts.scheme == "http" and parts.hostname in LOOPBACK
        if value and not (parts.hostname and (parts.scheme == "https" or local)):
            raise ValueError("must be an https address, or an http one on this machine")
        if not value and info.data.get("link_proof") == "backend":
            raise ValueError("EVERGRANT_LINK_PROOF=backend needs it: a page of your own")
        return value or None

    @field_validator("jwt_issuer", "jwks_url")
    @classmethod
    def _cannot_be_forged(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Whoever can answer in the issuer's place can let himself in."""
        parts, hosts = urlsplit(value or ""), info.data.get("allow_private_hosts", Permitted())
        near = parts.hostname in LOOPBACK or (parts.hostname and hosts.trusts(parts.hostname))
        if value and not (parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and near))):
            raise ValueError("must be an https address, or an http one on this machine or at a host that is permitted")
        if info.field_name == "jwt_issuer" and (parts.query or parts.fragment or parts.username):
            raise ValueError("an issuer's address ends with its path")
        return value

    @field_validator("jwt_audience", "jwks_url", "jwt_tenant_claim", "jwt_tenant")
    @classmethod
    def _of_an_issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("jwt_issuer", value) is None:
            raise ValueError("says nothing without EVERGRANT_JWT_ISSUER")
        return value

    @field_validator("jwt_tenant")
    @classmethod
    def _said(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Who may use the operator's own accounts is not left to a default."""
        if info.data.get("jwt_issuer") and (value is None) == (info.data.get("jwt_tenant_claim") is None):
            raise ValueError("set either EVERGRANT_JWT_TENANT_CLAIM or EVERGRANT_JWT_TENANT=local, not both")
        return value

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
    def toolsets_file(self) -> Path:
        """Where the operator declares toolsets."""
        return self.home / "toolsets.yaml"

    @property
    def url(self) -> str:
        """Where people and providers reach this server."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def resource(self) -> str:
        """What an access token for this server is for (RFC 8707)."""
        return f"{self.url}/mcp"

    def redirect_uri(self, tenant_id: str, connector: str, redirect: Redirect | None = None) -> str:
        """The callback that a new connection registers: its own, so that no answer is taken for another's.

        Where no page is hosted, it is spelled as the provider takes it: one that refuses http gets an https address at
        which nobody listens, and from which the person pastes the answer.
        """
        path, port = callback_path(tenant_id, connector), self.loopback_port
        if port is None:
            return f"{self.url}{path}"
        taken = redirect or Redirect()
        scheme = "https" if taken.loopback == "refused" else "http"
        return f"{scheme}://{taken.host}:{port}{path}"

    @property
    def loopback_port(self) -> int | None:
        """Where browsers of this machine reach the server; None where people reach it elsewhere."""
        parts = urlsplit(self.url)
        return parts.port or 80 if parts.scheme == "http" and parts.hostname in LOOPBACK else None

    def given(self, ask: Callable[[bool], Secret] | None = None) -> Given:
        """What a vault's key may come from; `ask` asks a person for a passphrase."""
        transit = (
            Transit(
                self.vault_addr, self.vault_token, self.vault_token_file, self.vault_namespace, self.vault_transit_key
            )
            if self.vault_addr
            else None
        )
        return Given(
            key=self.key,
            key_file=self.key_file,
            passphrase_file=self.passphrase_file,
            credentials=self.credentials_directory,
            kms_key=self.aws_kms_key,
            transit=transit,
            ask=ask,
        )
