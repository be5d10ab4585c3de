"""Signing in with another service's account: OpenID Connect, authorization code with PKCE."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

from ecgomics.errors import AccessError, ServiceError

KNOWN_S = 3600.0
"""How long what a provider says of itself is believed, s."""
ANSWER_S = 10.0
"""How long a provider may take to answer, s."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures that are believed: only those that need the provider's own key."""


@dataclass(frozen=True)
class Client:
    """This server as a provider knows it.

    Attributes
    ----------
    issuer
        The provider's address, as it stands in its tokens.
    name, secret
        Client id and secret; the secret is empty for a public client.
    domains
        Only people whose verified address is of one of these; empty for whoever the provider lets through.
    """

    issuer: str
    name: str
    secret: str = ""
    domains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Begun:
    """A way to the provider: the address to go to, and what must be remembered until the return."""

    url: str
    ticket: Mapping[str, str]


@dataclass(frozen=True)
class Claims:
    """Who somebody is to a provider: ``issuer|sub``, a name to be known by, and one to be shown."""

    subject: str
    name: str
    shown_as: str


class OpenId:
    """Signs people in with an OpenID provider.

    Parameters
    ----------
    client
        This server at its provider.

    Raises
    ------
    ServiceError
        When the issuer's address is not https (or this machine).

    Notes
    -----
    OpenID Connect Core 1.0, section 3.1, with PKCE (RFC 7636, S256), state and nonce. The ID token's signature, issuer,
    audience, expiry and nonce are checked (3.1.3.7); the access token is not used.
    """

    def __init__(self, client: Client) -> None:
        _require_safe(client.issuer, "an issuer")
        self.client = client
        self._lock = threading.Lock()
        self._told: tuple[float, Mapping[str, Any], Any] | None = None

    @property
    def title(self) -> str:
        """The provider's host, as a button names it."""
        return urlparse(self.client.issuer).hostname or self.client.issuer

    def begin(self, back: str) -> Begun:
        """Where to send a browser that wants to sign in.

        Parameters
        ----------
        back
            Address of this server that the provider sends the browser back to; it must be registered there.

        Raises
        ------
        ServiceError
            When the provider cannot be asked.
        """
        from authlib.common.security import generate_token

        document, _ = self._known()
        nonce, verifier = generate_token(32), generate_token(64)
        with self._session(back) as session:
            url, state = session.create_authorization_url(
                document["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        return Begun(url, {"state": state, "nonce": nonce, "verifier": verifier, "back": back})

    def finish(self, ticket: Mapping[str, str], *, state: str, code: str) -> Claims:
        """Who comes back from the provider.

        Parameters
        ----------
        ticket
            Of `begin`.
        state, code
            As the provider sent them along.

        Raises
        ------
        AccessError
            When the return does not belong to the ticket, the token does not hold, or the person is of another domain.
        ServiceError
            When the provider cannot be asked.
        """
        from authlib.common.errors import AuthlibBaseError
        from requests import RequestException

        from ecgomics.service.accounts import equal

        if not code or not equal(state, ticket.get("state", "")):
            raise _stranger("a return from the provider that was not begun here")
        document, keys = self._known()
        try:
            with self._session(ticket["back"]) as session:
                token = session.fetch_token(
                    document["token_endpoint"], code=code, code_verifier=ticket["verifier"], timeout=ANSWER_S
                )
        except AuthlibBaseError as error:
            raise _stranger(f"a code the provider refused ({error.error})") from None
        except RequestException as error:
            raise _unreachable(self.title) from error
        claims = self._checked(str(token.get("id_token", "")), keys, nonce=ticket["nonce"])
        return self._admitted(claims)

    def _checked(self, token: str, keys: Any, *, nonce: str) -> Mapping[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        rules = jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": self.client.issuer},
            aud={"essential": True, "value": self.client.name},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims: dict[str, Any] = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
            rules.validate(claims)
        except (JoseError, ValueError) as error:
            raise _stranger("a token that does not hold") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.client.name:
            raise _stranger("a token for another party")
        return claims

    def _admitted(self, claims: Mapping[str, Any]) -> Claims:
        mail = str(claims.get("email", "")) if claims.get("email_verified") is True else ""
        domain = mail.rpartition("@")[2].lower()
        if self.client.domains and domain not in self.client.domains:
            raise AccessError(
                "a person whom this server does not admit",
                expected=f"a verified address of {' or '.join(self.client.domains)}",
                remedy="ask its administrator",
            )
        name = str(claims.get("preferred_username") or mail.partition("@")[0] or claims["sub"])
        shown = str(claims.get("name") or name)
        return Claims(f"{self.client.issuer}|{claims['sub']}"[:255], name[:64], shown[:120])

    def _session(self, back: str) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        return OAuth2Session(
            self.client.name,
            self.client.secret or None,
            scope="openid profile email",
            redirect_uri=back,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self.client.secret else "none",
        )

    def _known(self) -> tuple[Mapping[str, Any], Any]:
        """What the provider says of itself, and its keys."""
        with self._lock:
            if self._told is None or time.monotonic() - self._told[0] > KNOWN_S:
                document = self._fetched(f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration")
                if document.get("issuer") != self.client.issuer:
                    raise ServiceError(
                        "a provider that calls itself otherwise", expected=self.client.issuer, remedy="name it so"
                    )
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _require_safe(str(document.get(name, "")), f"a provider's {name}")
                self._told = (time.monotonic(), document, _key_set(self._fetched(document["jwks_uri"])))
            return self._told[1], self._told[2]

    def _fetched(self, url: str) -> dict[str, Any]:
        import requests

        try:
            answer = requests.get(url, timeout=ANSWER_S, allow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise _unreachable(self.title) from error
        if not isinstance(found, dict):
            raise _unreachable(self.title)
        return found


def _key_set(document: Mapping[str, Any]) -> Any:
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        return KeySet.import_key_set(dict(document))  # type: ignore[arg-type]
    except (JoseError, KeyError, ValueError, TypeError) as error:
        raise ServiceError("a provider's keys that cannot be read", expected="a JSON Web Key Set") from error


def _require_safe(url: str, what: str) -> None:
    parsed = urlparse(url)
    host = parsed.hostname or ""
    if parsed.scheme == "https" and host:
        return
    local = host == "localhost"
    if not local:
        try:
            local = ipaddress.ip_address(host).is_loopback
        except ValueError:
            local = False
    if parsed.scheme != "http" or not local:
        raise ServiceError(f"{what} that is not at https", expected="https://…", remedy="see the provider's settings")


def _stranger(what: str) -> AccessError:
    return AccessError(what, expected="a return from the provider to the page it was begun at", remedy="sign in again")


def _unreachable(title: str) -> ServiceError:
    return ServiceError(f"no answer from {title}", expected="an OpenID provider", remedy="try again later")
