"""The certificate authority, and a refusal in words when the peer is not installed."""

from __future__ import annotations

import pytest

from .servers import NODE, Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make the authority that all servers of this session trust."""
    if not NODE.exists():
        pytest.fail("the peer is not installed: `make interop` does it, or tests/interop/setup.sh", pytrace=False)
    return Authority.create(tmp_path_factory.mktemp("authority"))
