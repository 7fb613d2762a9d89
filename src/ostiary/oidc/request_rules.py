"""What an authorization request must be: small rules, each with its error.

Source: OpenID Connect Core 3.1.2, OAuth 2.0 Multiple Response Types, RFC 7636, RFC 8707, RFC 9700.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from ostiary.core.client import Application, ApplicationType, ClientAuthentication, OidcSettings
from ostiary.core.login_request import OidcParameters
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import Parameters

RESPONSE_MODES = ("query", "fragment", "form_post")
CODE_ALONE = ("code",)
# With a setting; RFC 9700 2.1.2 advises against access tokens there, so these are never sent.
WITH_ID_TOKENS = ("code", "id_token", "code id_token")
PROMPTS = frozenset({"none", "login", "consent", "select_account", "create"})
MAX_SCOPES = 100
MAX_TEXT = 2048  # anybody may have these kept, so they are short
MAX_SCOPE_TEXT = 4096
MAX_RESOURCE_TEXT = 4096  # of all together
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)


def checked(
    parameters: Parameters,
    client: Application,
    oidc: OidcSettings,
    redirect_uri: str,
    offered: Sequence[str] = CODE_ALONE,
) -> OidcParameters:
    """The request's parameters; the redirect URI is trusted already, so errors may go there."""
    for name in ("request", "request_uri"):
        if name in parameters:
            text = "request objects are not supported; push the request instead"
            raise OAuthError(f"{name}_not_supported", text)
    response_type = _response_type(parameters, oidc, offered)
    return OidcParameters(
        redirect_uri=redirect_uri,
        scope=scopes(parameters.require("scope"), needs_openid=True),
        response_type=response_type,
        response_mode=_response_mode(parameters, response_type),
        state=_text(parameters, "state"),
        nonce=_nonce(parameters, response_type),
        prompt=_prompt(parameters),
        max_age_s=_max_age(parameters),
        ui_locales=tuple((_text(parameters, "ui_locales") or "").split()),
        login_hint=_text(parameters, "login_hint"),
        acr_values=tuple((_text(parameters, "acr_values") or "").split()),
        code_challenge=_challenge(parameters, client),
        resource=resources(parameters),
    )


def scopes(text: str, *, needs_openid: bool = False) -> tuple[str, ...]:
    """The scopes of a request, each once; raises invalid_scope."""
    found = tuple(dict.fromkeys(text.split()))
    is_long = len(text) > MAX_SCOPE_TEXT or len(found) > MAX_SCOPES
    if is_long or not all(_SCOPE.fullmatch(scope) for scope in found):
        raise OAuthError("invalid_scope", "the scope is not a list of scope names")
    if needs_openid and "openid" not in found:
        raise OAuthError("invalid_scope", "the scope must contain openid")
    return found


def resources(parameters: Parameters) -> tuple[str, ...]:
    """Absolute URIs without fragment (RFC 8707 2); raises invalid_target."""
    found = parameters.all("resource")
    if sum(map(len, found)) > MAX_RESOURCE_TEXT:
        raise OAuthError("invalid_target", f"the resources are longer than {MAX_RESOURCE_TEXT} characters")
    for resource in found:
        if not _is_resource(resource):
            raise OAuthError("invalid_target", "a resource is an absolute URI without a fragment")
    return found


def _is_resource(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # a host that is none
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path) and not parts.fragment


def response_mode_of(parameters: Parameters) -> str:
    """Where an error goes before the request is known to be good: the asked-for mode if there is such a one."""
    mode = parameters.get("response_mode")
    if mode in RESPONSE_MODES:
        return mode
    return "fragment" if "token" in parameters.get("response_type") else "query"


def _response_type(parameters: Parameters, oidc: OidcSettings, offered: Sequence[str]) -> str:
    """The type, its words in order. A client that registered code and id_token may have both at once."""
    asked = " ".join(sorted(parameters.require("response_type").split()))
    if asked not in offered:
        raise OAuthError("unsupported_response_type", f"response_type is one of: {', '.join(offered)}")
    if not set(asked.split()) <= set(oidc.response_types):
        raise OAuthError("unauthorized_client", "this client is not registered for the response_type")
    return asked


def _response_mode(parameters: Parameters, response_type: str) -> str:
    mode = parameters.get("response_mode")
    if not mode:
        return "query" if response_type == "code" else "fragment"
    if mode not in RESPONSE_MODES:
        raise OAuthError("invalid_request", f"response_mode is one of {', '.join(RESPONSE_MODES)}")
    if mode != "fragment" and response_type != "code":
        raise OAuthError("invalid_request", "ID tokens are sent in the fragment only")
    return mode


def _nonce(parameters: Parameters, response_type: str) -> str | None:
    nonce = _text(parameters, "nonce")
    if nonce is None and "id_token" in response_type:
        raise OAuthError("invalid_request", "an ID token from the authorization endpoint needs a nonce")
    return nonce


def _prompt(parameters: Parameters) -> tuple[str, ...]:
    prompts = tuple(dict.fromkeys(parameters.get("prompt").split()))
    if not PROMPTS.issuperset(prompts):
        raise OAuthError("invalid_request", f"prompt is of {', '.join(sorted(PROMPTS))}")
    if "none" in prompts and len(prompts) > 1:
        raise OAuthError("invalid_request", "prompt=none stands alone")
    return prompts


def _max_age(parameters: Parameters) -> int | None:
    text = parameters.get("max_age")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise OAuthError("invalid_request", "max_age is a number of seconds")
    return int(text)


def _challenge(parameters: Parameters, client: Application) -> str:
    challenge = parameters.get("code_challenge")
    method = parameters.get("code_challenge_method")
    if not challenge:
        is_public = client.authentication is ClientAuthentication.NONE or client.type in {
            ApplicationType.NATIVE,
            ApplicationType.USER_AGENT,
        }
        if is_public:
            raise OAuthError("invalid_request", "public clients need PKCE: send code_challenge (S256)")
        if method:
            raise OAuthError("invalid_request", "code_challenge_method without code_challenge")
        return ""
    if method != "S256":
        raise OAuthError("invalid_request", "code_challenge_method is S256")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise OAuthError(
            "invalid_request", "code_challenge is the base64url SHA-256 of the verifier: 43 characters"
        )
    return challenge


def _text(parameters: Parameters, name: str) -> str | None:
    value = parameters.get(name)
    if len(value) > MAX_TEXT:
        raise OAuthError("invalid_request", f"{name} is longer than {MAX_TEXT} characters")
    return value or None
