"""A small OpenID provider on loopback, for tests: it agrees to everything and says what it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey


class Provider:
    """Issues a code for whoever it is told, and a token for a code with the right verifier."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        self.other = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        self.claims: dict = {}
        self.header = {"alg": "RS256", "kid": "k1"}
        self.signer = self.key
        self.codes: dict[str, dict] = {}
        self.asked: list[dict] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/.well-known/openid-configuration":
                    self._json(provider.document())
                else:
                    self._json(KeySet([provider.key]).as_dict(private=False))

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                given = {name: values[0] for name, values in form.items()}
                provider.asked.append({**given, "authorization": self.headers.get("Authorization", "")})
                held = provider.codes.pop(given.get("code", ""), None)
                digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
                challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
                if held is None or challenge != held["code_challenge"]:
                    self._json({"error": "invalid_grant"}, status=400)
                    return
                self._json({"access_token": "a", "token_type": "Bearer", "id_token": provider.token(held["nonce"])})

            def _json(self, document: dict, *, status: int = 200) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.named = self.issuer
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def document(self) -> dict:
        return {
            "issuer": self.named,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def authorize(self, url: str) -> dict[str, str]:
        """What a browser would do there: agree, and come back with a code."""
        asked = {name: values[0] for name, values in parse_qs(urlparse(url).query).items()}
        self.codes["c1"] = asked
        return {"state": asked["state"], "code": "c1"}

    def token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "ecg", "sub": "42", "exp": now + 300, "iat": now, "nonce": nonce}
        return jwt.encode(self.header, {**claims, **self.claims}, self.signer)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
