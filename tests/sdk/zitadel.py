"""ZITADEL's Python SDK as it is published, with the shortest way to say what a test asks of it."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.served import Served

with warnings.catch_warnings(record=True):  # its own imports are deprecated ones
    import zitadel_client as sdk

__all__ = ["asked", "client_of", "error_id", "refusal", "sdk"]


def client_of(served: Served, token: str) -> sdk.Zitadel:
    """A client with that token."""
    return sdk.Zitadel.with_access_token(served.base, token)


def asked(model: str, fields: Mapping[str, Any]) -> Any:
    """A request of the SDK's own classes, from its JSON: the SDK writes what it knows of it."""
    return getattr(sdk, model).from_dict(dict(fields))


def refusal(call: Callable[[], object]) -> sdk.ApiError:
    """The error that the SDK raises."""
    with pytest.raises(sdk.ApiError) as caught:
        call()
    return caught.value


def error_id(error: sdk.ApiError) -> str:
    """The id in the details of the body; empty when there are none."""
    details = error.response_body.get("details") if error.response_body else None
    return str(details[0]["debug"]["id"]) if details else ""
