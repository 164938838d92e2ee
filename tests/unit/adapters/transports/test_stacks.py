"""Two libraries, one text: httpx and httpx2 have the same classes under other names."""

from __future__ import annotations

import httpcore
import httpcore2
import pytest

from fedtext.adapters.transports.stacks import StackName, load_stack
from fedtext.errors import FetchTimeout, LocalProtocolError, Unreachable
from fedtext.wire.iri import parse_url

URL = parse_url("https://social.example/")


@pytest.mark.parametrize(("name", "core"), [("httpx", httpcore), ("httpx2", httpcore2)])
def test_a_stack_is_of_one_library_alone(name: StackName, core: object) -> None:
    stack = load_stack(name)
    parts = {"request": "Request", "url": "URL", "origin": "Origin", "async_connection": "AsyncHTTP11Connection"}
    parts |= {"blocking_connection": "HTTP11Connection", "blocking_sockets": "SyncBackend"}
    assert {part: getattr(stack, part) for part in parts} == {part: getattr(core, its) for part, its in parts.items()}
    assert load_stack(name) is stack


@pytest.mark.parametrize("core", [httpcore, httpcore2])
def test_faults_mean_the_same_in_both(core: object) -> None:
    faults = load_stack("httpx" if core is httpcore else "httpx2").faults
    meant = {
        "ConnectTimeout": Unreachable,
        "ConnectError": Unreachable,
        "ReadTimeout": FetchTimeout,
        "WriteError": Unreachable,
        "RemoteProtocolError": Unreachable,
        "LocalProtocolError": LocalProtocolError,
    }
    for name, error in meant.items():
        fault = getattr(core, name)("x")
        assert isinstance(fault, faults.any_of_them)
        assert type(faults.as_error(fault, URL)) is error
