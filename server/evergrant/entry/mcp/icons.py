"""Icons that a client may show beside us and our tools: a monogram of our own, for services' marks are not ours."""

from hashlib import sha256
from urllib.parse import quote

from mcp.types import Icon

COLOURS = ("1f6f5c", "2457a6", "7a3fa0", "a33b3b", "8a5a00", "3f6b1f", "00707f", "5b5ba8")
"""Dark enough for white letters."""
OURS = "E"


def server_icon() -> Icon:
    """Evergrant's own."""
    return _drawn(OURS, COLOURS[0])


def service_icon(name: str) -> Icon:
    """Of a service, by the name that people know it by: its first two letters, in a colour that stays."""
    words = [word for word in name.split() if word[0].isupper()]
    letters = "".join(word[0] for word in words[:2]) if len(words) > 1 else name[:2]
    return _drawn(letters, COLOURS[sha256(name.encode()).digest()[0] % len(COLOURS)])


def _drawn(letters: str, colour: str) -> Icon:
    drawing = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 36 36'>"
        f"<circle cx='18' cy='18' r='18' fill='#{colour}'/>"
        f"<text x='18' y='24' fill='#fff' text-anchor='middle'>{_plain(letters)}</text></svg>"
    )
    return Icon(src=f"data:image/svg+xml,{quote(drawing, safe=KEPT)}", mime_type="image/svg+xml", sizes=["any"])


KEPT = "!$&'()*+,-./:;=?@_~"
"""What need not be escaped in such an address (RFC 3986 3.3)."""


def _plain(letters: str) -> str:
    return "".join(letter for letter in letters if letter.isalnum()) or "?"
