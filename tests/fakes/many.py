"""A tenant with many accounts, written to the database at once."""

from dataclasses import replace

from sqlmodel import Session
from tests.fakes.practice import Practice

from evergrant.model.account import ConnectedAccount
from evergrant.vault.accounts import account_row


async def many_accounts(world: Practice, like: ConnectedAccount, count: int, begin: int = 0) -> None:
    """So many more accounts of the same connector, numbered from `begin` + 1; they have no grants."""

    def work(session: Session) -> None:
        for number in range(begin + 1, begin + count + 1):
            session.add(
                account_row(
                    replace(
                        like,
                        id=f"conn_many{number:06}",
                        alias=f"äcme-{number}",
                        subject=f"{like.subject}-{number}",
                    )
                )
            )

    await world.app.vault.database.write(work)
