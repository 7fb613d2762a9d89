"""The grants, one file each. To add one: write its file, add its name here."""

from ostiary.oidc.grants import (
    authorization_code,
    client_credentials,
    device_code,
    jwt_bearer,
    refresh_token,
    token_exchange,
)
from ostiary.oidc.grants.grant_type import GrantType

GRANTS: tuple[GrantType, ...] = (
    authorization_code.GRANT_TYPE,
    refresh_token.GRANT_TYPE,
    client_credentials.GRANT_TYPE,
    jwt_bearer.GRANT_TYPE,
    device_code.GRANT_TYPE,
    token_exchange.GRANT_TYPE,
)
