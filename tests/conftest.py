"""What every test gets: no network but loopback, hypothesis profiles, and the way to the shared vectors.

A test that runs over shared files says which ones:

    @pytest.mark.vectors("webfinger/*.json")
    def test_handles(vector_file: Path) -> None: ...

Where the folder is missing such tests fold into one skip line; with FEDTEXT_REQUIRE_VECTORS=1 they fail.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

hypothesis.settings.register_profile("dev", max_examples=100, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("long", max_examples=5_000, deadline=None)
hypothesis.settings.register_profile(
    "mutation",
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),  # that it fails is enough; no smaller case is sought
)
hypothesis.settings.load_profile(os.environ.get("FEDTEXT_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "dev"))

if os.environ.get("FEDTEXT_HYPOTHESIS") == "mutation":
    from tests import key_pool

    key_pool.install()


# -- the network ------------------------------------------------------------------------------------------------


class NetworkBlocked(RuntimeError):
    """A test reached for an address that is not on this machine."""


def is_local(host: object) -> bool:
    """Tell whether an address or name stays on this machine."""
    if host is None or host in ("", b"", "localhost", b"localhost"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if text.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback or address.is_unspecified)


def is_literal(host: object) -> bool:
    """Tell whether a name needs no resolver."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def guarded(real: Callable[..., Any], address_at: int) -> Callable[..., Any]:
    """Wrap a method of `socket` so that it refuses every address that is not local."""

    def checked(self: socket.socket, *args: Any) -> Any:
        address = args[address_at] if args else None
        if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple) and not is_local(address[0]):
            raise NetworkBlocked(f"tests stay on this machine; {address[0]}:{address[1]} is elsewhere")
        return real(self, *args)

    return checked


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name no test by many bytes: each of several processes makes them, and some hold the time (gzip)."""
    return argname if isinstance(val, bytes) and len(val) > 20 else None


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Any:
    """Keep every socket of this process, and the resolver, on this machine."""
    patch = pytest.MonkeyPatch()
    for method, address_at in (("connect", 0), ("connect_ex", 0), ("sendto", -1)):
        patch.setattr(socket.socket, method, guarded(getattr(socket.socket, method), address_at))
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not (is_local(host) or is_literal(host)):
            raise NetworkBlocked(f"tests stay on this machine; the name {host} would be asked for elsewhere")
        return resolve(host, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    patch.undo()


# -- shared files -----------------------------------------------------------------------------------------------

SHARED = {
    "vectors": ("FEDTEXT_VECTORS", ROOT.parent / "shared" / "vectors"),
    "corpus": ("FEDTEXT_CORPUS", ROOT.parent / "shared" / "corpus"),
}
ABSENT = "no shared vectors or corpus here (a checkout beside `shared/` has them)"
REQUIRED = (
    "the shared vectors and corpus are required but missing: clone beside `shared/`, "
    "or export FEDTEXT_VECTORS and FEDTEXT_CORPUS as absolute paths"
)


def shared_root(kind: str) -> Path | None:
    """Give the folder "vectors" or "corpus", or None where there is none."""
    variable, default = SHARED[kind]
    path = Path(os.environ.get(variable) or default)
    return path if path.is_absolute() and path.is_dir() else None


def absent() -> None:
    """Skip the test, or fail it where the vectors are required."""
    if os.environ.get("FEDTEXT_REQUIRE_VECTORS") == "1":
        pytest.fail(REQUIRED, pytrace=False)
    pytest.skip(ABSENT)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Report every such skip, and those of servers, at this file, so that pytest folds them into one line each."""
    report = yield
    folded = (ABSENT, "(tools/servers starts one)")
    if report.skipped and isinstance(report.longrepr, tuple) and report.longrepr[2].endswith(folded):
        report.longrepr = (__file__, absent.__code__.co_firstlineno, report.longrepr[2])
    return report


def present(kind: str) -> Path:
    """Give the folder, or end the test here."""
    root = shared_root(kind)
    if root is None:
        absent()
        raise AssertionError("unreachable")
    return root


@pytest.fixture(scope="session")
def vectors_root() -> Path:
    """The folder of the shared vectors."""
    return present("vectors")


@pytest.fixture(scope="session")
def corpus_root() -> Path:
    """The folder of the shared corpus."""
    return present("corpus")


@pytest.fixture
def vector_file(request: pytest.FixtureRequest, vectors_root: Path) -> Path:
    """One file named by `@pytest.mark.vectors(pattern)`."""
    return vectors_root / request.param


@pytest.fixture
def corpus_file(request: pytest.FixtureRequest, corpus_root: Path) -> Path:
    """One file named by `@pytest.mark.corpus(pattern)`."""
    return corpus_root / request.param


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once per shared file that its marker names."""
    for kind, fixture in (("vectors", "vector_file"), ("corpus", "corpus_file")):
        if fixture not in metafunc.fixturenames:
            continue
        patterns = [str(pattern) for mark in metafunc.definition.iter_markers(kind) for pattern in mark.args]
        if not patterns:
            raise pytest.UsageError(f"{metafunc.definition.nodeid} takes {fixture} but has no @pytest.mark.{kind}(...)")
        root = shared_root(kind)
        names = ["absent"] if root is None else matching(root, patterns)
        metafunc.parametrize(fixture, names, indirect=True)


def matching(root: Path, patterns: list[str]) -> list[str]:
    """Give the files below `root` that match, sorted; a pattern without any is a mistake."""
    found: set[str] = set()
    for pattern in patterns:
        files = {path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file()}
        if not files:
            raise pytest.UsageError(f"no shared file matches {pattern!r}")
        found |= files
    return sorted(found)


# -- servers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def postgres_url() -> Any:
    """The address of an empty PostgreSQL schema of this test's own."""
    from tests import engines

    with engines.empty_schema(engines.address("postgres")) as url:
        yield url


@pytest.fixture(scope="module")
def _postgres_schema() -> Any:
    from tests import engines

    with engines.empty_schema(engines.address("postgres")) as url:
        yield url


@pytest.fixture
def postgres_tables_url(_postgres_schema: str) -> Any:
    """The address of a PostgreSQL schema with empty tables of ours, made once for all tests of a file."""
    from tests import engines

    with engines.emptied(_postgres_schema) as url:
        yield url


@pytest.fixture
def redis_url() -> Any:
    """The address of a Redis server with a key prefix of this test's own."""
    from tests import engines

    with engines.own_prefix(engines.address("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds the README: a checkout, or the copy in which the wheel is tested."""
    return ROOT
