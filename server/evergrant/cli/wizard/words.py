"""What `evergrant connect` says to a person, in one place."""

from datetime import datetime

from evergrant.catalog.connector import Connector
from evergrant.catalog.registration import Pasted
from evergrant.service import guide as guides
from evergrant.service.guide import Guide

STEP_DONE = "   Enter when done (o opens the page again, b goes back):"
NO_PAGE = "   This step has no page of its own."
NOT_UNDERSTOOD = "   Just Enter goes on. What you copied is asked for at the end."
SECRET_COMES_HIDDEN = (
    "   That looks like the client secret, and it can be read on this screen now. It is asked for later, hidden."
)
NOTHING_GIVEN = "Nothing was given."
TWICE = "\n   If you are sure, paste the same once more."
FROM_ELSEWHERE = (
    "From another machine, where that page cannot be reached: consent at the next address instead, and paste the whole "
    "address that the browser ends on here."
)
BROKEN = "its file is broken; see evergrant doctor"
WAITING = "Waiting for the answer. Ctrl-C cancels."
TRY_AGAIN = "Enter tries again, c gives another client ID and secret, Ctrl-C ends:"
TRY_AGAIN_AS_IT_IS = "Enter tries again, Ctrl-C ends:"


def introduction(guide: Guide, done: int, *, anew: bool) -> str:
    """What will happen, and how long it takes."""
    if done:
        left = len(guide.steps) - done
        steps = f": {_count(left, 'step')} to go" if left else ""
        return f"Going on with the OAuth client for {guide.service}{steps}."
    length = f"about {_count(guide.minutes, 'minute')}" if guide.minutes else "a few minutes"
    warning = f"\n{mind(guide.warning)}" if guide.warning else ""
    why = (
        "and there is one. Accounts stay connected when another takes its place." if anew else "and there is none yet."
    )
    return (
        f"{guide.service} wants an OAuth client of your own, {why} Registering one takes {length}, "
        f"once: {_count(len(guide.steps), 'step')}, then your consent. Ctrl-C at any time; the same command goes on."
        f"{warning}"
    )


def mind(warning: str) -> str:
    """What a person should know beforehand."""
    return f"Mind: {warning}"


def step(number: int, of: int, text: str) -> str:
    """One step of the guide."""
    return f"\n{number + 1} of {of}  {text}"


def page(link: str, *, opened: bool) -> str:
    """The page of a step."""
    return f"   {link}{'  (opened in your browser)' if opened else ''}"


def prompt(wanted: Pasted) -> str:
    """A question whose answer can be seen."""
    return f"{wanted.title} (like {wanted.looks_like}):"


def hidden_prompt(wanted: Pasted, *, may_wait: bool) -> str:
    """A question whose answer is not shown."""
    return f"{wanted.title} (not shown{'; just Enter gives it later' if may_wait else ''}):"


def taken_id(guide: Guide) -> str:
    """The id came early."""
    return f"   Taken: the {guide.client_id.title}."


def kept_id(guide: Guide, client_id: str) -> str:
    """The id came in an earlier run."""
    return f"{guide.client_id.title}: {client_id} (kept)"


def stored(guide: Guide) -> str:
    """Both are in the vault."""
    return f"   Stored, the secret sealed. Its redirect URI: {guide.redirect_uri}"


def called_off(again: str) -> str:
    """Ctrl-C while the answer is waited for."""
    return f"Cancelled. No account was connected, and the link no longer works. Again: {again}"


def broken_off(again: str) -> str:
    """Ctrl-C at a question."""
    return f"\nStopped. What you gave is kept. Go on: {again}"


def no_terminal(connector: str, guide: Guide) -> str:
    """Where nobody can be asked: the whole guide, and the command that takes what it yields."""
    steps = [f"{number}. {text}{f' {link}' if link else ''}" for number, (text, link) in enumerate(guide.steps, 1)]
    return "\n".join(
        [
            f"{guide.service} wants an OAuth client of your own, and nobody can be asked here.",
            *steps,
            f"Redirect URI: {guide.redirect_uri}",
            f"Then: {with_flags(connector, guide)}",
        ]
    )


def with_flags(connector: str, guide: Guide) -> str:
    """The command for those who have a client, or no terminal."""
    secret = " --client-secret-stdin" if guide.client_secret else ""
    return f"evergrant connect {connector} --client-id YOUR_ID{secret}"


def refused_flag(connector: str, fault: str) -> str:
    """A client that was given by flags does not look right."""
    unchecked = f"evergrant connections add {connector} --client-id ... --client-secret-stdin"
    return f"{fault}\nIf it is right all the same, this stores it unchecked: {unchecked}"


def invitation(code: str | None, *, opened: bool) -> str:
    """To the page of the consent, whose address comes next."""
    confirm = f" and confirm with the code  {code}" if code else ""
    if opened:
        return f"Opened a page in your browser. If it did not open, use this address{confirm}:"
    return f"Open this page in a browser{confirm}:"


def nothing_comes(service: str, register: str) -> str:
    """The browser was sent to the provider, and has not come back."""
    return (
        f"{service} has not sent the browser back yet. If its page shows an error that speaks of the redirect URI or "
        f"callback:\n{register}\nThen go back in the browser, or open the link above again; it is still waited for."
    )


def nobody_answered(service: str, register: str) -> str:
    """The time for a consent is over."""
    return (
        f"Nobody answered within ten minutes; the link no longer works. If {service} showed an error that speaks of "
        f"the redirect URI or callback:\n{register}\nStart again."
    )


def paste_expected(service: str, redirect_uri: str) -> str:
    """The provider takes https only, and nobody listens there."""
    return (
        f"{service} takes no http address, so nobody listens at {redirect_uri}: after you have agreed, the browser "
        "shows that this page cannot be reached. That is expected. Copy the whole address of that page, paste it here, "
        "and press Enter."
    )


def ends_early(end: datetime, days: int, warning: str | None, *, rotates: bool) -> str:
    """The provider has said when the grant ends, and that is soon."""
    unless = "unless it is renewed before" if rotates else "however much it is used"
    why = f" {warning}" if warning else ""
    return f"This grant ends on {end:%Y-%m-%d %H:%M} UTC, in {_count(days, 'day')}, {unless}.{why}"


def not_renewable(end: datetime) -> str:
    """No refresh token came."""
    return (
        f"No refresh token came with this grant, so it ends with its access token at {end:%Y-%m-%d %H:%M} UTC and "
        "cannot be renewed."
    )


def question(title: str, former: str | None) -> str:
    """What the service asks; what was answered before is offered."""
    return f"{title}{f' [{former}]' if former else ''}:"


def value_unlike(title: str, pattern: str) -> str:
    """An answer that cannot be right."""
    return f"   That is no {title}. It must fit {pattern}"


def key_wanted(service: str, title: str, needs: str | None) -> str:
    """A service without OAuth; its page comes next."""
    choose = f" ({needs})" if needs else ""
    return f"{service} takes no consent but a key of its own, the {title}{choose}. It is made on this page:"


def takes(connector: Connector, *, has_client: bool, fault: str | None) -> str:
    """What a person needs to connect an account of the service."""
    match guides.takes(connector):
        case "nothing":
            return "nothing"
        case "key":
            return "a key"
        case "service_account_key":
            return "the key of a service account"
        case "oauth_client" if has_client:
            return f"refused: {fault}; see evergrant doctor" if fault else "your consent"
        case "oauth_client":
            minutes = connector.registration.minutes if connector.registration else None
            return f"an OAuth client{f' (about {minutes} min)' if minutes else ''}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
