"""A contact of the practice CRM, what may be written of it, and the ones everybody starts with."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

_PEOPLE = (
    "Maya Lindqvist", "Tomas Okafor", "Ines Carvalho", "Jonas Weber", "Priya Raman", "Luca Moretti",
    "Sofia Dimitrova", "Henrik Aalto", "Amara Diallo", "Noor Haddad", "Pavel Novotny", "Clara Jensen",
    "Mateo Rojas", "Yuki Tanabe", "Elif Demir", "Oscar Byrne", "Lena Fischer", "Kofi Mensah",
    "Greta Nilsen", "Rafael Duarte", "Zofia Kaminska", "Milan Horvat", "Aisha Karim", "Bruno Keller",
)  # fmt: skip
_COMPANIES = ("Northwind Bakery", "Harbour Optics", "Alder & Finch", "Copperline Cycles")


class ContactFields(BaseModel):
    """What a client may write. As a change, only the fields that are present count."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(default="", min_length=1, max_length=200)
    email: str = Field(default="", max_length=320)
    company: str = Field(default="", max_length=200)
    phone: str = Field(default="", max_length=50)
    note: str = Field(default="", max_length=10_000)


class Contact(ContactFields):
    """A stored contact; times are UTC."""

    id: str
    created_at: datetime
    updated_at: datetime

    def mentions(self, query: str) -> bool:
        """Whether name, email or company contain the query, in any case."""
        return any(query.casefold() in text.casefold() for text in (self.name, self.email, self.company))


def seeds() -> list[ContactFields]:
    """The same 24 contacts for every user."""
    return [_seed(name, _COMPANIES[place % len(_COMPANIES)]) for place, name in enumerate(_PEOPLE)]


def _seed(name: str, company: str) -> ContactFields:
    mailbox = name.lower().replace(" ", ".")
    host = company.lower().replace(" & ", "-").replace(" ", "-")
    return ContactFields(name=name, email=f"{mailbox}@{host}.example", company=company)
