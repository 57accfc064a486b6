"""The emulated services as the tests find them: people, their mail and repositories, and one OAuth client each."""

from collections.abc import Mapping

CONNECTORS = ("gmail", "google_calendar", "google_drive", "github", "slack")
SECRET = "emulated-client-secret"
BEN = "Ben Ito <ben@globex.example>"
GOOGLE_CLIENT = "1234567890-abc123.apps.googleusercontent.com"
GITHUB_CLIENT = "Iv23liAbCdEfGhIjKlMn"
SLACK_CLIENT = "1601185624273.8899143856786"
CLIENTS = {**dict.fromkeys(CONNECTORS[:3], GOOGLE_CLIENT), "github": GITHUB_CLIENT, "slack": SLACK_CLIENT}


def redirect_uri(connector: str) -> str:
    """Where the browser comes back to; Slack wants https."""
    origin = "https://evergrant.acme.example" if connector == "slack" else "http://127.0.0.1:8484"
    return f"{origin}/callback/{connector}"


def _client(client_id: str, *connectors: str) -> Mapping[str, object]:
    uris = [redirect_uri(each) for each in connectors]
    return {"client_id": client_id, "client_secret": SECRET, "name": "Evergrant", "redirect_uris": uris}


def _mail(name: str, sender: str, subject: str, text: str) -> Mapping[str, object]:
    """One that came to Anna and that she has not read."""
    people = {"from": sender, "to": "anna@acme.example", "message_id": f"<{name}@globex.example>"}
    said = {"subject": subject, "body_text": text, "date": "2026-11-24T08:30:00Z", "label_ids": ["INBOX", "UNREAD"]}
    return {"id": f"msg_{name}", "thread_id": f"thr_{name}", **people, **said}


SERVICES: Mapping[str, object] = {
    "google": {
        "baseUrl": "https://accounts.google.com",
        "seed": {
            "users": [{"email": "anna@acme.example", "name": "Anna Keller"}],
            "oauth_clients": [_client(GOOGLE_CLIENT, *CONNECTORS[:3])],
            "messages": [
                _mail("offer", BEN, "Our offer", "We can deliver in March.\n\nBen"),
                _mail("lunch", BEN, "Lunch?", "Are you free on Friday?"),
                _mail("news", BEN, "Globex news", "The newsletter of November."),
                _mail("old", BEN, "Outdated", "Not of interest any more."),
                *(_mail(f"list{n}", "list@acme.example", f"Issue {n}", "A digest.") for n in range(1, 6)),
            ],
        },
    },
    "github": {
        "baseUrl": "https://github.com",
        "seed": {
            "users": [{"login": "anna", "name": "Anna Keller"}, {"login": "ben", "name": "Ben Ito"}],
            "repos": [{"owner": "anna", "name": name, "language": "Go"} for name in ("notes", "pages", "site")],
            "oauth_apps": [_client(GITHUB_CLIENT, "github")],
        },
    },
    "slack": {
        "baseUrl": "https://files.slack.com",
        "seed": {
            "team": {"name": "Acme", "domain": "acme"},
            "users": [
                {"name": "anna", "real_name": "Anna Keller", "email": "anna@acme.example"},
                {"name": "ben", "real_name": "Ben Ito", "email": "ben@acme.example", "profile": {"title": "Buyer"}},
            ],
            "oauth_apps": [_client(SLACK_CLIENT, "slack")],
            "strict_scopes": True,
        },
    },
}
