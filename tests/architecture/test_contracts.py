"""Each contract holds, and each is proven: a violation that is seeded in a copy of the source is caught."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Protocol

import pytest


class Done(Protocol):
    """What a linter answered."""

    returncode: int
    stdout: str


class Copy(Protocol):
    """See conftest.Copy."""

    root: Path

    def write(self, module: str, text: str) -> None: ...
    def lint_imports(self, *options: str) -> Done: ...
    def ruff(self, *options: str) -> Done: ...


TYPING_ONLY = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {}"
IN_FUNCTION = "def late() -> None:\n    {}"

BROKEN = [
    # contract, module that is seeded, what it imports
    ("layers", "inbox.seeded", "from ..delivery import seal"),  # siblings
    ("layers", "delivery.seeded", "from .. import dispatch"),
    ("layers", "dispatch.seeded", "from ..inbox import receive"),
    ("layers", "vocab.seeded", "from ..signatures import claim"),
    ("layers", "signatures.seeded", "from .. import vocab"),
    ("layers", "keys.seeded", "from .. import jsonld"),
    ("layers", "jsonld.seeded", "from .. import keys"),
    ("layers", "ports.seeded", "from ..sync import run_sync"),
    ("layers", "errors_seeded", "X = 1"),  # a module without a place
    ("layers", "utils.seeded", "X = 1"),  # a package without a place
    ("layers", "wire.seeded", TYPING_ONLY.format("from ..vocab import Note")),  # upwards
    ("layers", "wire.seeded", IN_FUNCTION.format("from ..http import Request")),
    ("layers", "fetch.seeded", "from .. import discovery"),
    ("layers", "fetch.seeded", "import fedtext.federation"),
    ("layers", "federation.seeded", "from ..runtime import Federation"),
    ("layers", "runtime.seeded", "from .. import behaviors"),
    ("layers", "behaviors.seeded", "from .. import social"),
    ("layers", "social.seeded", "from .. import integrations"),
    ("layers", "integrations.seeded", "from .. import testing"),
    ("layers", "testing.seeded", "from .. import cli"),
    ("layers", "adapters.seeded", "from .. import keys"),
    ("no-io-in-core", "inbox.seeded", "import httpx"),
    ("no-io-in-core", "delivery.seeded", "import time"),
    ("no-io-in-core", "delivery.seeded", IN_FUNCTION.format("from asyncio import sleep")),
    ("no-io-in-core", "fetch.seeded", "import socket"),
    ("no-io-in-core", "federation.seeded", "import logging"),
    ("no-io-in-core", "federation.seeded", "import threading"),
    ("no-io-in-core", "keys.seeded", "import secrets"),
    ("no-io-in-core", "wire.seeded", "import os.path"),
    ("no-io-in-core", "jsonld.seeded", "from pathlib import Path"),
    ("no-io-in-core", "vocab.seeded", TYPING_ONLY.format("import random")),
    ("no-io-in-core", "ports.seeded", "import sqlite3"),
    ("no-io-in-core", "tomorrow.seeded", "import ssl"),
    ("adapters-hidden", "federation.seeded", "from ..adapters import clocks"),
    ("adapters-hidden", "integrations.seeded", IN_FUNCTION.format("from ..adapters import backends")),
    ("adapters-hidden", "social.seeded", "import fedtext.adapters.stores"),
    ("adapters-hidden", "cli.seeded", "from .. import adapters"),
    ("public-api", "behaviors.seeded", "from ..federation import seeded"),
    ("public-api", "behaviors.seeded", "from ..ports import Store"),
    ("public-api", "behaviors.seeded", "from ..wire import json"),
    ("public-api", "behaviors.seeded", "from ..wire.iri import parse_iri"),
    ("public-api", "social.seeded", "from ..signatures import sign"),
    ("public-api", "social.seeded", "from .. import http"),
    ("facade", "cli.seeded", "from fedtext import Note"),
    ("facade", "behaviors.seeded", "import fedtext"),
    ("database-drivers", "runtime.seeded", "import psycopg"),
    ("database-drivers", "integrations.seeded", IN_FUNCTION.format("from psycopg import conninfo")),
    ("database-drivers", "adapters.queues.seeded", "import redis"),
    ("cryptography", "vocab.seeded", "from cryptography.hazmat.primitives import hashes"),
    ("cryptography", "runtime.seeded", "import cryptography"),
    ("pyld", "vocab.seeded", "from pyld import jsonld"),
    ("pyld", "cli.seeded", IN_FUNCTION.format("import pyld")),
    ("httpx", "runtime.seeded", "import httpx"),
    ("httpx", "adapters.seeded", "import httpx"),
    ("httpx", "testing.seeded", "import httpcore"),
    ("httpx", "runtime.seeded", "import httpx2"),
    ("httpx", "adapters.seeded", "import httpcore2"),
    ("httpx", "integrations.seeded", "import aiohttp"),
    ("httpx", "adapters.transports.seeded", "import aiohttp"),
    ("no-io-in-core", "delivery.seeded", "import aiohttp"),
    ("uvloop", "runtime.seeded", "import uvloop"),
    ("uvloop", "adapters.transports.seeded", IN_FUNCTION.format("import uvloop")),
    ("engines", "runtime.seeded", "import celery"),
    ("engines", "runtime.seeded", IN_FUNCTION.format("import taskiq")),
    ("engines", "cli.seeded", "from django.conf import settings"),
    ("engines", "integrations.seeded", "from celery import Celery"),
    ("engines", "integrations.django.door", "import django_tasks"),
    ("grammar-libraries", "discovery.seeded", "import idna"),
    ("grammar-libraries", "social.seeded", "import nh3"),
    ("independent-adapters", "adapters.stores.seeded", "from . import memory"),
    ("independent-adapters", "adapters.queues.seeded", "from ..stores import memory"),
    ("independent-transports", "adapters.transports.httpx_async", "from . import httpx_blocking"),
    ("independent-transports", "adapters.transports.aiohttp_async", "from . import httpx_async"),
    ("independent-transports", "adapters.transports.exchange", "from . import stacks"),
    ("independent-transports", "adapters.transports.guard", "from . import reading"),
    ("independent-transports", "adapters.transports.seeded", "X = 1"),
    ("acyclic", "wire.seeded", "from . import seeded_too"),
]

KEPT = [
    ("no-io-in-core", "adapters.transports.seeded", "import socket, ssl, httpx"),
    ("no-io-in-core", "runtime.seeded", "import asyncio, threading, time"),
    ("no-io-in-core", "cli.seeded", "import os, pathlib"),
    ("adapters-hidden", "runtime.seeded", "from ..adapters import clocks"),
    ("adapters-hidden", "testing.seeded", "from ..adapters.stores import memory"),
    ("public-api", "behaviors.seeded", "from ..runtime import Federation\nfrom ..wire.html import sanitize"),
    ("public-api", "behaviors.seeded", "from .. import vocab, config, errors"),
    ("public-api", "social.seeded", "from ..behaviors import Follows\nfrom ..errors import FedtextError"),
    ("cryptography", "keys.seeded", "from cryptography.hazmat.primitives import hashes"),
    ("pyld", "jsonld.seeded", "import pyld"),
    ("httpx", "adapters.transports.seeded", "import httpx"),
    ("uvloop", "runtime.process", "import uvloop"),
    ("engines", "integrations.django.seeded", "from django.tasks import task"),
    ("grammar-libraries", "wire.seeded", "import idna, nh3"),
    ("independent-adapters", "adapters.stores.seeded", "from .. import sql\nfrom ..transports import guard"),
]

NEIGHBOURS = {  # what a violation needs in order to import something that exists
    "adapters.stores.memory": "X = 1",
    "adapters.clocks": "X = 1",
    "adapters.backends": "X = 1",
    "federation.seeded": "X = 1",
    "wire.json": "X = 1",
    "wire.iri": "X = 1",
    "wire.html": "X = 1",
}


def seed(copy: Copy, module: str, text: str) -> None:
    for name, body in NEIGHBOURS.items():
        if not (copy.root / "src/fedtext" / Path(*name.split("."))).with_suffix(".py").exists():
            copy.write(name, body)
    if "seeded_too" in text:
        copy.write(f"{module}_too", f"from . import {module.rpartition('.')[2]}")
    if module in ("integrations.seeded", "adapters.queues.seeded"):
        copy.write(f"{module}_sibling", "X = 1")
    copy.write(module, text)


def contracts(repository: Path) -> list[dict[str, object]]:
    settings = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
    found: list[dict[str, object]] = settings["tool"]["importlinter"]["contracts"]
    return found


def test_all_contracts_hold(source_copy: Copy) -> None:
    done = source_copy.lint_imports()
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("contract", "module", "text"), BROKEN)
def test_a_seeded_violation_is_caught(source_copy: Copy, contract: str, module: str, text: str) -> None:
    seed(source_copy, module, text)
    done = source_copy.lint_imports("--contract", contract)
    assert done.returncode != 0, f"{module} may do that: {text}"
    assert "BROKEN" in done.stdout
    assert module.removesuffix(".seeded") in done.stdout.partition("Broken contracts")[2]
    assert module.split(".")[-1] in done.stdout.partition("Broken contracts")[2] or module == "utils.seeded"


@pytest.mark.parametrize(("contract", "module", "text"), KEPT)
def test_what_is_allowed_is_allowed(source_copy: Copy, contract: str, module: str, text: str) -> None:
    seed(source_copy, module, text)
    done = source_copy.lint_imports("--contract", contract)
    assert "seeded" not in done.stdout, done.stdout


def test_framework_doors_do_not_know_each_other(source_copy: Copy) -> None:
    source_copy.write("integrations.first_seeded", "X = 1")
    source_copy.write("integrations.second_seeded", "from . import first_seeded")
    done = source_copy.lint_imports("--contract", "independent-integrations")
    assert done.returncode != 0
    assert "second_seeded" in done.stdout


def test_each_contract_is_proven(repository: Path) -> None:
    proven = {contract for contract, _, _ in BROKEN} | {"independent-integrations"}
    assert {contract["id"] for contract in contracts(repository)} == proven


CLOCKS = [
    "import datetime\nX = datetime.datetime.now(datetime.UTC)",
    "from datetime import datetime, UTC\nX = datetime.now(UTC)",
    "from datetime import datetime as moment, UTC\nX = moment.now(tz=UTC)",
    "from datetime import datetime\nX = datetime.utcnow()",
    "import datetime\nX = datetime.datetime.today()",
    "from datetime import date\nX = date.today()",
    "import time\nX = time.time()",
    "from time import monotonic\nX = monotonic()",
    "from uuid import uuid4\nX = uuid4()",
    "import os\nX = os.environ.get('HOME')",
    "import urllib.request\nX = urllib.request.urlopen",
]


@pytest.mark.parametrize("package", ["wire", "inbox", "social", "tomorrow"])
def test_the_core_is_told_the_time(source_copy: Copy, package: str) -> None:
    for index, text in enumerate(CLOCKS):
        source_copy.write(f"{package}.seeded_{index}", text)
    done = source_copy.ruff("--select", "TID251", f"src/fedtext/{package}")
    found = {line.partition(":")[0] for line in done.stdout.splitlines() if "TID251" in line}
    assert found == {f"src/fedtext/{package}/seeded_{index}.py" for index in range(len(CLOCKS))}


@pytest.mark.parametrize("package", ["adapters", "adapters.transports", "runtime", "cli", "testing", "integrations"])
def test_the_edges_may_look_at_the_clock(source_copy: Copy, package: str) -> None:
    source_copy.write(f"{package}.seeded", CLOCKS[0])
    done = source_copy.ruff("--select", "TID251", f"src/fedtext/{package.replace('.', '/')}/seeded.py")
    assert done.returncode == 0, done.stdout
