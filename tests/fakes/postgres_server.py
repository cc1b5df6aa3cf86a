"""A real PostgreSQL of our own for one run of tests, and databases with our schema on both kinds.

tests/integration/conftest.py shows these fixtures to its folder. A test asks for `database_url` (fresh
and migrated, once on SQLite and once on PostgreSQL) or for `empty_url` (without our schema).
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from db.directory_data import load_directory
from db.migrate import upgrade
from db.reference_data import load_reference
from db.session import make_engine, make_sessions, transaction
from ops.instance import free_port_block

BINARIES = Path("/usr/lib/postgresql")
USER = "postgres"
START_S = 60.0
KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


def binaries() -> Path:
    """The newest installed server."""
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    assert found, "PostgreSQL is not installed; `bash deploy/setup.sh --tests` installs it"
    return found[-1].parent


def _as_server_user() -> list[str]:
    """PostgreSQL refuses root; and it must not outlive the thread that starts it."""
    alone = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() != 0:
        return alone
    return [*alone, "--reuid", USER, "--regid", USER, "--init-groups"]


class Rows(StrEnum):
    """Which of set-up's rows a fresh database holds."""

    NONE = "none"
    REFERENCE = "reference"
    DIRECTORY = "directory"
    DEMO = "demo"


class PostgresServer:
    """One server on a free port of the loopback, in a folder of its own."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ms-postgres-"))
        if os.geteuid() == 0:
            person = pwd.getpwnam(USER)
            os.chown(self._folder, person.pw_uid, person.pw_gid)
        self._data = self._folder / "data"
        self._numbers = count(1)
        (self.port,) = free_port_block(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._run(
            "initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"
        )

    def start(self) -> None:
        """Run, and wait until it answers."""
        options = ("-k", str(self._folder), "-h", "127.0.0.1", "-p", str(self.port))
        quick = ("-c", "shared_buffers=32MB", "-c", "max_connections=60", "-c", "synchronous_commit=off")
        command = [*_as_server_user(), str(binaries() / "postgres"), "-D", str(self._data), *options, *quick]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        end = time.monotonic() + START_S
        while subprocess.run(self._ready(), capture_output=True, check=False).returncode != 0:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < end, "waited in vain until PostgreSQL answered"

    def kill(self) -> None:
        """As if the power had gone: every process of the server at once."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=START_S)

    def stop(self) -> None:
        """End it and take the folder away."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=START_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def create(self, *, like: str = "template1") -> str:
        """A new database; returns its name."""
        name = f"test_{next(self._numbers)}"
        asyncio.run(self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"'))
        return name

    def drop(self, name: str) -> None:
        """Away with it, whoever is still connected."""
        asyncio.run(self._execute(f'DROP DATABASE "{name}" WITH (FORCE)'))

    def keep_promises(self, url: str) -> None:
        """From the next connection on, a commit to that database waits for the disk, as by default."""
        name = url.rsplit("/", 1)[-1]
        asyncio.run(self._execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on'))

    def url(self, name: str) -> str:
        """Where the application finds that database."""
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{name}"

    def _ready(self) -> list[str]:
        return [str(binaries() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_server_user(), str(binaries() / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(f"postgresql://{USER}@127.0.0.1:{self.port}/postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


SchemaOf = Callable[[str, Rows], str]


@pytest.fixture(scope="session")
def schema_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SchemaOf:
    """Migrates and fills each kind once; every test then gets a copy, which is much quicker."""
    done: dict[tuple[str, Rows], str] = {}

    def made(kind: str, rows: Rows) -> str:
        if (kind, rows) not in done:
            if kind == "sqlite":
                name = str(tmp_path_factory.mktemp("schema") / "template.db")
                url = f"sqlite+aiosqlite:///{name}"
            else:
                server: PostgresServer = request.getfixturevalue("postgres")
                name = server.create()
                url = server.url(name)
            upgrade(url)
            asyncio.run(_fill(url, rows))
            done[kind, rows] = name
        return done[kind, rows]

    return made


async def _fill(url: str, rows: Rows) -> None:
    """The rows that set-up puts there."""
    engine = make_engine(url)
    async with transaction(make_sessions(engine)) as session:
        if rows is not Rows.NONE:
            await load_reference(session)
        if rows in (Rows.DIRECTORY, Rows.DEMO):
            await load_directory(session, demo=rows is Rows.DEMO)
    await engine.dispose()


@pytest.fixture
def set_up_rows() -> Rows:
    """What a fresh database holds; a file of tests that wants more says so with a fixture of this name."""
    return Rows.NONE


@pytest.fixture(params=KINDS)
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, schema_of: SchemaOf, set_up_rows: Rows
) -> Iterator[str]:
    """A fresh database with our schema, once on SQLite and once on PostgreSQL."""
    schema = schema_of(request.param, set_up_rows)
    if request.param == "sqlite":
        shutil.copy(schema, tmp_path / "fresh.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create(like=schema)
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a single table, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)
