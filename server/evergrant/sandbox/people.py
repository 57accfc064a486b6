"""The users of the practice CRM: anyone who says a name."""

from evergrant.model.json import JsonObject


def subject(user: str) -> str:
    """The stable identifier of a user."""
    return f"usr_{user}"


def profile(user: str) -> JsonObject:
    """Who a user is, as GET /crm/me answers."""
    email = user if "@" in user else f"{user}@example.test"
    return {"sub": subject(user), "email": email, "name": user.partition("@")[0].title()}
