"""What one user keeps in the practice CRM."""

from dataclasses import dataclass
from datetime import datetime

from evergrant.model.json import Json
from evergrant.sandbox.contact import Contact, ContactFields, seeds
from evergrant.sandbox.refusal import Refusal


@dataclass(frozen=True)
class Page:
    """Some contacts, and the cursor after which the next ones come (None at the end)."""

    results: list[Contact]
    next: str | None


class Book:
    """One user's contacts, in order of creation, and rows."""

    def __init__(self, now: datetime) -> None:
        self._contacts: dict[str, Contact] = {}
        self._created = 0
        self._by_key: dict[str, tuple[ContactFields, Contact]] = {}
        self.rows: list[list[Json]] = []
        for fields in seeds():
            self.create(fields, now)

    def get(self, contact_id: str) -> Contact:
        """Raises Refusal (404 not_found)."""
        if contact_id not in self._contacts:
            raise Refusal("not_found", "There is no such contact.", 404)
        return self._contacts[contact_id]

    def search(self, query: str, limit: int, after: str) -> Page:
        """Contacts that mention the query; `after` is the id of the last one seen, or empty."""
        found = [contact for key, contact in self._contacts.items() if key > after and contact.mentions(query)]
        more = len(found) > limit
        return Page(found[:limit], found[limit - 1].id if more else None)

    def create(self, fields: ContactFields, now: datetime) -> Contact:
        self._created += 1
        contact_id = f"con_{self._created:08}"
        contact = Contact(id=contact_id, created_at=now, updated_at=now, **fields.model_dump())
        self._contacts[contact_id] = contact
        return contact

    def replayed(self, key: str, fields: ContactFields) -> Contact | None:
        """What an Idempotency-Key made before; None for a new key. Raises Refusal (422) when the body differs."""
        made = self._by_key.get(key)
        if made is None:
            return None
        if made[0] != fields:
            raise Refusal("idempotency_key_reused", "The key came with another body before.", 422)
        return made[1]

    def remember(self, key: str, fields: ContactFields, contact: Contact) -> None:
        """Let this key answer with this contact from now on."""
        self._by_key[key] = (fields, contact)

    def change(self, contact_id: str, fields: ContactFields, now: datetime) -> Contact:
        """Raises Refusal (404 not_found)."""
        changes = {**fields.model_dump(exclude_unset=True), "updated_at": now}
        changed = self.get(contact_id).model_copy(update=changes)
        self._contacts[contact_id] = changed
        return changed

    def delete(self, contact_id: str) -> None:
        """Raises Refusal (404 not_found)."""
        self.get(contact_id)
        del self._contacts[contact_id]
