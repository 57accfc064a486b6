"""The page that asks the user."""

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


def consent_page(parameters: Mapping[str, str], client_id: str, scopes: tuple[str, ...]) -> HTMLResponse:
    """A form that posts the same parameters back, with `user` and `decision`."""
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parameters.items()
        if name not in {"user", "decision", "auto"}
    )
    asked = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in scopes)
    user = escape(parameters.get("user", "anna"))
    body = f"""<h1>Sandbox</h1>
<p><strong>{escape(client_id)}</strong> asks for access to your practice CRM:</p>
<ul>{asked}</ul>
<form method="post" action="/authorize">{kept}
<p><label>Continue as <input name="user" value="{user}" required></label></p>
<p><button name="decision" value="approve">Approve</button> <button name="decision" value="deny">Deny</button></p>
</form>"""
    return _page("Allow access?", body, 200)


def refusal_page(description: str) -> HTMLResponse:
    """Told to the user, because nobody else can be told safely."""
    return _page("Not possible", f"<h1>Not possible</h1>\n<p>{escape(description)}</p>", 400)


def _page(title: str, body: str, status: int) -> HTMLResponse:
    head = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
    return HTMLResponse(f"{head}{body}\n</html>\n", status, HEADERS)
