"""Settings: frozen, validated, units in their names."""

from __future__ import annotations

import attrs
import pytest

from fedtext.config import Config, DevPolicy, Limits, Software
from fedtext.errors import ConfigurationError


@pytest.mark.parametrize("field", attrs.fields(Limits), ids=lambda field: field.name)
def test_every_limit_is_positive_and_says_its_unit(field: attrs.Attribute[float]) -> None:
    """The one table of limits: what cannot be is refused when it is built."""
    assert field.name.endswith("_max")
    assert any(
        unit in field.name
        for unit in ("bytes", "count", "chars", "depth", "nodes", "terms", "_s_", "per_", "addresses")
    )
    with pytest.raises(ValueError, match=field.name):
        Limits(**{field.name: -1})


def test_the_table_is_the_settled_one() -> None:
    """Acceptance: the figures that other rules refer to."""
    limits = Limits()
    assert (limits.body_bytes_max, limits.document_bytes_max, limits.discovery_bytes_max) == (2**20, 2**20, 2**16)
    assert (limits.json_depth_max, limits.json_nodes_max, limits.redirects_count_max) == (32, 50_000, 3)
    assert (limits.fetches_per_message_max, limits.keys_per_actor_max, limits.recipients_count_max) == (20, 16, 1_000)
    assert (limits.host_fetches_at_once_count_max, limits.host_fetches_per_minute_max) == (2, 60)
    assert limits.collection_pages_count_max == 200
    assert (limits.connect_s_max, limits.exchange_s_max, limits.inbox_s_max) == (5.0, 15.0, 10.0)


def test_settings_do_not_change() -> None:
    """A copy is made with `attrs.evolve`."""
    config = Config()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        config.limits = Limits()  # type: ignore[misc]
    assert attrs.evolve(config, limits=Limits(redirects_count_max=1)).limits.redirects_count_max == 1


def test_sec_045_the_window_is_narrow_unless_asked_for() -> None:
    """One hour past, five minutes future; twelve hours by a named preset only."""
    assert (Config.strict().signatures.past_s_max, Config.strict().signatures.future_s_max) == (3_600, 300)
    assert Config.mastodon_compatible().signatures.past_s_max == 12 * 3_600


def test_sec_178_development_is_an_explicit_object() -> None:
    """Nothing is excepted by default; `allow_loopback` names what it excepts."""
    assert Config().dev is None
    policy = DevPolicy.allow_loopback(ports=(8001,))
    assert (policy.schemes, policy.hosts, policy.ports) == (("http", "https"), ("localhost", "127.0.0.1"), (8001,))


@pytest.mark.parametrize("name", ["", "Blog", "my blog", "blög", "blog_1"])
def test_a_software_name_that_nodeinfo_cannot_carry_is_refused(name: str) -> None:
    """NodeInfo 2.1: lower-case letters, digits and hyphens."""
    with pytest.raises(ConfigurationError):
        Software(name)


@pytest.mark.parametrize("version", ["", "1\n2", "x" * 65])
def test_a_version_that_breaks_a_header_is_refused(version: str) -> None:
    """It stands in the User-Agent."""
    with pytest.raises(ConfigurationError):
        Software("blog", version)
    assert Software("blog", "x" * 64).version == "x" * 64
