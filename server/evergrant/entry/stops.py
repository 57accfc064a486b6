"""Pages on which a person stops: what happened, and what to do next."""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from evergrant.entry.page import page
from evergrant.oauth.flow import NotARedirect
from evergrant.service.answers import OtherAddress, OtherBrowser
from evergrant.service.connect import CannotConnect
from evergrant.service.consent import ConsentFailed, Declined, LinkEnded
from evergrant.service.links import ExpiredLink, ForeignLink, UsedLink
from evergrant.service.proof import TooManyCodes
from evergrant.store.database import StoreUnavailable
from evergrant.vault.seal import SealBroken

NEW_LINK = (
    "Ask for a new link where you got this one. An agent gives one when you ask it to list or to connect accounts, a "
    "terminal by `evergrant reauth ACCOUNT` or `evergrant connect SERVICE`."
)
ASK_AGAIN = "Ask your agent to resume the call: it gives a new link. At a terminal: `evergrant calls list`"
NOT_YOURS = "If somebody else sent you this address, close the page: nothing of yours was connected."


class _Kind(NamedTuple):
    error: type[Exception]
    status: int
    heading: str
    message: str | None
    """None says what the error says."""
    next_: Sequence[str]
    """What stands between backquotes is a command."""


KINDS = (
    _Kind(
        ForeignLink,
        404,
        "This link is not from here",
        None,
        ("Copy the whole address once more: it may have been cut off.", NEW_LINK),
    ),
    _Kind(ExpiredLink, 410, "This link has expired", None, (NEW_LINK,)),
    _Kind(
        UsedLink,
        410,
        "This link was used already",
        None,
        ("If the account works again, there is nothing to do: close this page.", NEW_LINK),
    ),
    _Kind(
        TooManyCodes,
        403,
        "Too many wrong codes",
        "This link takes no more codes. Nothing was connected.",
        (NEW_LINK, "If it was not you who typed them, somebody else has this link: tell who gave it to you."),
    ),
    _Kind(
        OtherBrowser,
        403,
        "Not the browser that you began in",
        None,
        ("Open the link again in the browser that you want to use, and sign in there.", NOT_YOURS),
    ),
    _Kind(
        OtherAddress,
        400,
        "The answer came to the wrong address",
        None,
        (
            "Open the link again and sign in once more.",
            "If it happens again, the operator looks at the redirect URIs: `evergrant connections list`",
        ),
    ),
    _Kind(
        Declined,
        400,
        "You declined",
        None,
        ("If that was a slip, open the link again: it is still good.", "Otherwise close this page."),
    ),
    _Kind(LinkEnded, 400, "This sign-in is over", None, ("If the account is not listed, open a new link.",)),
    _Kind(CannotConnect, 409, "This cannot be connected now", None, ("When that is done, open the link again.",)),
    _Kind(
        NotARedirect,
        400,
        "Nothing to see here",
        "This address is for a provider's answer, and there is none in it.",
        ("Close this page. To connect an account, open a link: `evergrant connect SERVICE` gives one.",),
    ),
    _Kind(
        ConsentFailed,
        400,
        "Nothing was connected",
        None,
        ("Open the link again for another try. If it has ended by then, ask for a new one.",),
    ),
    _Kind(
        StoreUnavailable,
        503,
        "Not now",
        "The vault cannot be used just now. Nothing was connected.",
        ("Try again in a minute.", "The operator looks at the disk and at: `evergrant doctor`"),
    ),
    _Kind(
        SealBroken,
        503,
        "Not now",
        "The vault cannot be opened just now. Nothing was connected.",
        ("Try again in a minute.", "The operator looks at: `evergrant doctor`"),
    ),
)
STOPS = tuple(kind.error for kind in KINDS)
"""The exceptions that have a page; the first that fits is taken."""


APPROVAL_KINDS = (
    _Kind(
        ForeignLink,
        404,
        "This link is not from here",
        None,
        ("Copy the whole address once more: it may have been cut off.", ASK_AGAIN),
    ),
    _Kind(ExpiredLink, 410, "This link has expired", None, ("Nothing was carried out by it.", ASK_AGAIN)),
    _Kind(
        UsedLink,
        410,
        "This call is decided",
        None,
        ("Close this page. To see what came of it: `evergrant calls list --all`",),
    ),
    _Kind(
        TooManyCodes,
        403,
        "Too many wrong codes",
        "This link takes no more codes. Nothing was approved.",
        (ASK_AGAIN, "If it was not you who typed them, somebody else has this link: refuse the call."),
    ),
    _Kind(
        StoreUnavailable,
        503,
        "Not now",
        "The vault cannot be used just now. Nothing was approved.",
        ("Try again in a minute.", "The operator looks at the disk and at: `evergrant doctor`"),
    ),
    _Kind(
        SealBroken,
        503,
        "Not now",
        "The vault cannot be opened just now. Nothing was approved.",
        ("Try again in a minute.", "The operator looks at: `evergrant doctor`"),
    ),
)
APPROVAL_STOPS = tuple(kind.error for kind in APPROVAL_KINDS)
"""The same for the page of an approval."""


def stop(error: Exception) -> Response:
    """The page for one of `STOPS`."""
    return _stop(KINDS, error)


def stop_of_approval(error: Exception) -> Response:
    """The page for one of `APPROVAL_STOPS`."""
    return _stop(APPROVAL_KINDS, error)


def _stop(kinds: Sequence[_Kind], error: Exception) -> Response:
    kind = next(kind for kind in kinds if isinstance(error, kind.error))
    return stopped(kind.status, kind.heading, kind.message or str(error), kind.next_)


def stopped(status: int, heading: str, message: str, next_: Sequence[str]) -> Response:
    """A page that goes no further."""
    return page("stopped.html", status, heading=heading, message=message, next=next_)


def of_another_site() -> Response:
    """The page for a form that was sent from elsewhere."""
    return stopped(403, "This form is not ours", "It was sent from another site.", ("Open the link itself.",))
