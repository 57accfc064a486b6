"""All that a process logs goes through one chain: ours, the libraries', and what nobody caught."""

import asyncio
import io
import json
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Generator
from pathlib import Path

import httpx2
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import text
from tests.fakes.logging_state import logging_kept

from evergrant.cli.logs import Logs, configure, loop_failure
from evergrant.model.live import REDACTED
from evergrant.model.secret import Secret
from evergrant.store.database import Database, StoreUnavailable
from evergrant.wire import http_client

TOKEN = "sbx_rt_KpX3v9QmZr7TfLw2NcYh"
Read = Callable[[], list[dict[str, str]]]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logs(stream: io.StringIO) -> Generator[Logs]:
    with logging_kept():
        made = configure("DEBUG", stream)
        made.live.note(Secret(TOKEN))
        yield made


@pytest.fixture
def written(logs: Logs, stream: io.StringIO) -> Read:
    def read() -> list[dict[str, str]]:
        shown = stream.getvalue()
        assert TOKEN not in shown
        return [json.loads(line) for line in shown.splitlines()]

    return read


def fails() -> None:
    token = TOKEN
    raise RuntimeError(f"no such token: {token}")


def test_a_record_of_ours_is_one_line_of_json(logs: Logs, written: Read) -> None:
    logs.log.info("serving", url="http://localhost:8484", seen=[TOKEN])
    (record,) = written()
    assert record.pop("timestamp")
    assert record == {"message": "serving", "level": "info", "url": "http://localhost:8484", "seen": [REDACTED]}


def test_a_traceback_of_ours_has_no_secret_and_no_locals(logs: Logs, written: Read) -> None:
    try:
        fails()
    except RuntimeError:
        logs.log.exception("it failed")
    (record,) = written()
    assert f"RuntimeError: no such token: {REDACTED}" in record["exception"]
    assert "in fails" in record["exception"]
    assert "token = " not in record["exception"].replace("token = TOKEN", "")


@pytest.mark.parametrize("name", ["mcp.server.runner", "uvicorn.error", "apscheduler.executors.default", "asyncio"])
def test_a_librarys_record_goes_through_the_same_chain(written: Read, name: str) -> None:
    try:
        fails()
    except RuntimeError:
        logging.getLogger(name).exception("Job %s raised", TOKEN)
    (record,) = written()
    assert (record["logger"], record["level"], record["message"]) == (name, "error", f"Job {REDACTED} raised")
    assert f"RuntimeError: no such token: {REDACTED}" in record["exception"]


def test_a_record_that_cannot_be_written_does_not_show_its_arguments(stream: io.StringIO) -> None:
    with logging_kept():  # here and not in a fixture, since pytest adds handlers of its own in between
        configure("DEBUG", stream)
        logging.getLogger("mcp").error("%d tokens", TOKEN)
        logging.getLogger("mcp").error("the token is %s", Secret(TOKEN))
    assert TOKEN not in stream.getvalue()
    assert stream.getvalue().count("a log record of mcp could not be written") == 2


def test_a_warning_is_logged(written: Read) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(f"deprecated: {TOKEN}", stacklevel=1)
    (record,) = written()
    assert record["logger"] == "py.warnings"
    assert f"deprecated: {REDACTED}" in record["message"]


@pytest.mark.anyio
async def test_a_request_leaves_no_line_in_the_log(written: Read) -> None:
    async with http_client(httpx2.MockTransport(lambda _: httpx2.Response(200)), keep_alive=0) as http:
        await http.get(f"https://api.example/?access_token={TOKEN}")
    for name in ("httpx2", "httpcore2", "httpcore2.http11", "httpcore2.connection"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    assert written() == []


def test_no_statement_of_the_database_is_echoed(tmp_path: Path, written: Read) -> None:
    database = Database(tmp_path / "vault.db")
    database.write_now(lambda session: session.connection().exec_driver_sql("CREATE TABLE kept (token TEXT)"))
    insert = text("INSERT INTO kept VALUES (:token)")
    database.write_now(lambda session: session.connection().execute(insert, {"token": TOKEN}))
    assert not database.engine.echo
    wrong = text("INSERT INTO nowhere VALUES (:token)")
    with pytest.raises(StoreUnavailable) as failed:
        database.write_now(lambda session: session.connection().execute(wrong, {"token": TOKEN}))
    assert "nowhere" in str(failed.value.__cause__)
    assert TOKEN not in "".join(traceback.format_exception(failed.value))
    database.close()
    assert written() == []


@pytest.mark.anyio
async def test_a_failure_of_a_task_that_nobody_waits_for_is_logged(logs: Logs, written: Read) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(loop_failure(logs.log))
    loop.call_soon(fails)
    for _ in range(3):
        await checkpoint()
    (record,) = written()
    assert record["message"] == "failure in the background"
    assert f"RuntimeError: no such token: {REDACTED}" in record["exception"]


def test_what_no_thread_and_no_finalizer_catches_is_logged(logs: Logs, written: Read) -> None:
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    sys.excepthook(RuntimeError, RuntimeError(TOKEN), None)
    records = written()
    assert [record["message"] for record in records] == ["unforeseen failure"] * 2
    assert [record["type"] for record in records] == ["RuntimeError"] * 2
    assert all(REDACTED in record["exception"] for record in records)
