"""A site: one origin."""

from __future__ import annotations

import pytest

from fedtext.federation.site import Site


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        ("https://home.example.com", "home.example.com"),
        ("https://home.example.com:8443", "home.example.com:8443"),
        ("http://localhost:8000", "localhost:8000"),
    ],
)
def test_a_site_is_asked_under_its_own_authority_only(origin, authority):
    site = Site(origin=origin, handle_host="example.com")
    assert site.authority == authority
    assert site.authorities == {authority}
    assert site.state is None
