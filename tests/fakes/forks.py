"""Processes that cost a fork, not a start: forked from one that has everything imported and does nothing else."""

import multiprocessing
from multiprocessing.context import ForkServerContext

PRELOADED = (
    "tests.fakes.every_command",
    "tests.fakes.forked_command",
    "tests.fakes.forked_process",
    "tests.fakes.resuming",
    "tests.fakes.victims",
    "tests.fakes.worker",
    "tests.vault.refreshing",
    "tests.vault.rotating",
)
"""All of them at once: a process of tests has one such server, and the first who needs it starts it."""


def forks() -> ForkServerContext:
    """The fork server of this process."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(list(PRELOADED))
    return server
