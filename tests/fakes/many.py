"""A tenant with many accounts, written to the database at once."""

from dataclasses import replace

from sqlmodel import Session
from tests.fakes.practice import Practice

from evergrant.model.account import ConnectedAccount
from evergrant.vault.accounts import account_row


async def many_accounts(world: Practice, like: ConnectedAccount, count: int, connectors: int = 1) -> None:
    """So many more accounts, the first of `like`'s connector, others of `connectors` in turn; they have no grants."""

    def work(session: Session) -> None:
        for number in range(1, count + 1):
            turn = number % connectors
            session.add(
                account_row(
                    replace(
                        like,
                        id=f"conn_many{number:06}",
                        alias=f"äcme-{number}",
                        subject=f"{like.subject}-{number}",
                        connector=f"{like.connector}{turn}" if turn else like.connector,
                    )
                )
            )

    await world.app.vault.database.write(work)
