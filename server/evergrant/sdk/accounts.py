"""Connected accounts as the server tells of them, and tools that were found by words."""

from dataclasses import dataclass, field
from datetime import datetime

from evergrant.model.json import JsonObject, at, text_at
from evergrant.sdk.reading import objects


@dataclass(frozen=True, slots=True)
class Account:
    """One user's standing with one connector; `said` is all that was told of it."""

    id: str
    alias: str
    connector: str
    identity: str
    """Whose it is, as a person recognises it."""
    state: str
    """`active`, `reauth_required` or `revoked`."""
    paused: bool
    """Whether its calls are refused until the operator resumes it."""
    cause: str | None
    """Why its person must reconnect it."""
    created_at: datetime
    said: JsonObject = field(repr=False)

    @property
    def is_ready(self) -> bool:
        """Whether calls are let through."""
        return self.state == "active" and not self.paused


@dataclass(frozen=True, slots=True)
class FoundTool:
    """A tool that a search found, and the ids of the first accounts that have it."""

    name: str
    connector: str
    description: str
    """Its first sentence."""
    effect: str
    """`read`, `write` or `destroy`."""
    account_ids: tuple[str, ...]


def account_of(said: JsonObject) -> Account:
    """One account of `/v1/accounts`."""
    return Account(
        id=str(said["id"]),
        alias=str(said["alias"]),
        connector=str(said["connector"]),
        identity=text_at(said, "/identity") or "",
        state=str(said["state"]),
        paused=at(said, "/paused") is True,
        cause=text_at(said, "/cause"),
        created_at=datetime.fromisoformat(str(said["created_at"])),
        said=said,
    )


def tools_found(answer: JsonObject) -> list[FoundTool]:
    """The answer of `/v1/tools/search`."""
    return [
        FoundTool(
            name=str(each["name"]),
            connector=str(each["connector"]),
            description=str(each["description"]),
            effect=str(each["effect"]),
            account_ids=tuple(str(account["id"]) for account in objects(each.get("accounts"))),
        )
        for each in objects(answer.get("tools"))
    ]
