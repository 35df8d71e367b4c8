"""How a credential must be presented: one header, one grammar, never the URL, never the body."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer ", "Bearer  "])
def test_the_scheme_is_matched_without_case(client: FlaskClient, token: str, scheme: str) -> None:
    """B02: any case of the scheme, and one or more spaces, are accepted."""
    assert client.get("/me", headers={"Authorization": f"{scheme} {token}"}).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        "Bearer",
        "Bearer ",
        "Bearer\t{}",
        "Bearer{}",
        "Bearer:{}",
        "Bearer {}, Bearer {}",
        "Bearer {}, foo",
        "Bearer {} foo",
        "Bearer {}\t",
        'Bearer "{}"',
        "Bearer {}=x",
        "Bearer Bearer {}",
        "Basic x, Bearer {}",
        "Bearer é{}",
    ],
)
def test_any_other_form_is_refused(client: FlaskClient, token: str, form: str) -> None:
    """B03 B04: what is not exactly one b64token after the scheme is malformed, and no token is taken from it."""
    answer = client.get("/me", headers={"Authorization": form.replace("{}", token)})
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]
    assert token not in answer.text


@pytest.mark.parametrize("form", ["Basic {}", "Token {}", "{}", "JWT {}", "DPoP {}"])
def test_another_scheme_is_no_bearer_credential(client: FlaskClient, token: str, form: str) -> None:
    """A token under another scheme, or under none, is as good as no token."""
    answer = client.get("/me", headers={"Authorization": form.replace("{}", token)})
    assert answer.status_code == 401
    assert "error=" not in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("name", ["access_token", "ACCESS_TOKEN", "access%5Ftoken", "%61ccess_token", "bearer_token"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_token_in_the_url_is_refused(client: FlaskClient, token: str, name: str, beside: bool) -> None:
    """B01 B03: `?access_token=` is refused beside a good header and instead of one."""
    headers = {"Authorization": f"Bearer {token}"} if beside else {}
    answer = client.get(f"/me?{name}={token}", headers=headers)
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


def test_other_parameters_of_the_url_do_not_disturb(client: FlaskClient, token: str) -> None:
    """A parameter that only mentions tokens is the application's business."""
    answer = client.get("/me?page_token=x&q=100%25", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_a_token_in_the_body_is_not_looked_at(client: FlaskClient, token: str) -> None:
    """B01: the body is never read for a token."""
    assert client.get("/me", data={"access_token": token}).status_code == 401


def test_a_very_long_header_is_refused_before_it_is_read(client: FlaskClient) -> None:
    """V22: the size is checked before anything else."""
    assert client.get("/me", headers={"Authorization": "Bearer " + "a" * 20_000}).status_code == 400
