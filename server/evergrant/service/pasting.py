"""What a person copies from a provider's page, looked at before it is used: quotes, another field, half of it."""

import re
from dataclasses import dataclass

from evergrant.catalog.registration import Pasted

QUOTES = {"'": "'", '"': '"', "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c", "<": ">"}
SECRET = "client secret"
UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))


@dataclass(frozen=True, slots=True)
class Credentials:
    """The two things that make an OAuth client, as its provider's page calls them; the second may not be needed."""

    client_id: Pasted
    client_secret: Pasted | None

    def fault_of_id(self, text: str) -> str | None:
        """What is wrong with a client id; None where nothing is. It is not repeated: it may be the secret."""
        if _fits(self.client_id, text):
            return None
        if self.is_secret(text):
            return f"That looks like the {_title(self.client_secret)}, not the {self.client_id.title}. Swapped?"
        return unlike(self.client_id)

    def fault_of_secret(self, text: str, client_id: str | None) -> str | None:
        """What is wrong with a client secret; None where nothing is."""
        wanted = self.client_secret
        if text == client_id:
            return f"That is the {self.client_id.title} once more. The {_title(wanted)} is another text."
        if wanted is None or _fits(wanted, text):
            return None
        if _fits(self.client_id, text):
            return f"That looks like the {self.client_id.title}, not the {wanted.title}. Swapped?"
        return unlike(wanted)

    def is_secret(self, text: str) -> bool:
        """Whether it looks like the secret and nothing else."""
        secret = self.client_secret
        return secret is not None and _fits(secret, text) and not _fits(self.client_id, text)


def cleaned(text: str) -> str:
    """Without what copying adds around it: white space, marks that nobody sees, quotes."""
    bare = text.translate(UNSEEN).strip().rstrip(",;").rstrip()
    is_quoted = len(bare) > 1 and QUOTES.get(bare[0]) == bare[-1]
    return cleaned(bare[1:-1]) if is_quoted else bare


def unlike(wanted: Pasted) -> str:
    """That a text is not the one that was asked for, and how that one looks."""
    return f"That does not look like the {wanted.title}. It looks like this: {wanted.looks_like}"


def _fits(wanted: Pasted, text: str) -> bool:
    return re.fullmatch(wanted.pattern, text) is not None


def _title(wanted: Pasted | None) -> str:
    return wanted.title if wanted else SECRET
