"""How an address of a tenant is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.auth0.domain import Address, is_loopback
from wizard.errors import UsageError


@pytest.mark.parametrize(
    ("given_text", "url"),
    [
        ("acme.eu.auth0.com", "https://acme.eu.auth0.com"),
        ("https://acme.eu.auth0.com/", "https://acme.eu.auth0.com"),
        ("  ACME.eu.auth0.com ", "https://acme.eu.auth0.com"),
        ("acme.eu.auth0.com.", "https://acme.eu.auth0.com"),
        ("127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://localhost:8787", "http://localhost:8787"),
        ("https://localhost:8787", "https://localhost:8787"),
        ("[::1]:8787", "http://[::1]:8787"),
        ("login.example.com", "https://login.example.com"),
    ],
)
def test_a_domain_is_read_with_or_without_scheme_and_slash(given_text: str, url: str) -> None:
    address = Address.parse(given_text)
    assert address.url == url
    assert address.issuer == f"{url}/"
    assert address.audience == f"{url}/api/v2/"


@pytest.mark.parametrize("audience", ["acme.eu.auth0.com", "https://acme.eu.auth0.com/api/v2"])
def test_a_custom_domain_is_used_with_the_default_domains_audience(audience: str) -> None:
    address = Address.parse("login.example.com", audience=audience)
    assert address.url == "https://login.example.com"
    assert address.audience == "https://acme.eu.auth0.com/api/v2/"
    assert address.issuer == "https://login.example.com/"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme",
        "http://acme.eu.auth0.com",
        "http://127.0.0.1.example.com",
        "ftp://acme.eu.auth0.com",
        "acme.eu.auth0.com/api/v2/",
        "https://acme.eu.auth0.com?x=1",
        "https://somebody@acme.eu.auth0.com",
        "acme.eu.auth0.com\t.example.com",
        "acme.eu.auth0.com\n.example.com",
        "https://manage.auth0.com/dashboard/eu/acme/",
        "acme.eu.auth0.com:port",
        "acme.eu.auth0.com:99999",
        "//[",
        "ac me.eu.auth0.com",
        "acme..auth0.com",
    ],
)
def test_what_is_no_tenant_is_refused_as_usage_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Address.parse(text)
    assert refused.value.remedy


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_never_more(text: str) -> None:
    try:
        address = Address.parse(text)
    except UsageError:
        return
    assert address.url.startswith("https://") or address.loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "practice.localhost"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "128.0.0.1", "10.0.0.1", ""])
def test_other_machines_are_not_this_one(host: str) -> None:
    assert not is_loopback(host)
