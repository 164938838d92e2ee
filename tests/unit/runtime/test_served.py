"""What doors know of a federation is what a federation has."""

from __future__ import annotations

from fedtext.runtime.served import Served


def test_a_federation_is_served(blog) -> None:
    served: Served = blog.federation
    assert {name: getattr(served, name) is not None for name in Served.__annotations__} == {
        "config": True,
        "engine": True,
        "ports": True,
        "worker_mode": True,
    }
