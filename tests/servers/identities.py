"""Those who tell a cloud's machines and applications who they are, as the vendors document them:
Entra, managed identities, the credentials of containers, the metadata service of instances."""
from __future__ import annotations

import base64
import json
import ssl
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Optional

TENANT = "ab1f708d-50f6-404c-a006-d71b2ac7a606"
CLIENT = "f997392c-e15a-4ad8-af9e-cd6966caba7f"
SECRET = "s3cret~&=+% /8Q"
HEADER = "s3cret-header"
ROLE = "backup-role"


def jwt(seconds: float, more: str = "") -> str:
    """A token of Entra that lives so long, unsigned."""
    now = int(time.time())
    claims = {"aud": "https://storage.azure.com", "iss": f"https://sts.windows.net/{TENANT}/",
              "iat": now, "nbf": now, "exp": now + int(seconds), "tid": TENANT, "more": more}
    parts = [json.dumps(p).encode() for p in ({"alg": "RS256", "typ": "JWT"}, claims)]
    return ".".join(base64.urlsafe_b64encode(p).decode().rstrip("=")
                    for p in (*parts, b"s3cret signature"))


class Identities:
    """One server that is all of them. Who asks in another way than is documented is refused, and
    that is kept in `wrong`."""

    def __init__(self, tls: Optional[tuple[Path, Path]] = None) -> None:
        self.asked: list[str] = []    # the tokens and keys that were handed out, by kind
        self.wrong: list[str] = []
        self.life = 3600.0            # of what is handed out, as it is told
        self.true_life: Optional[float] = None  # and as it is; None: the same
        self.more = ""                # makes tokens longer
        self.keys: list[dict[str, str]] = []  # of roles; the last are given for ever
        self.garbage: Optional[bytes] = None  # in place of every answer
        self.sessions: set[str] = set()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                pass

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode()
                status, data = owner.answer(self.command, self.path, self.headers, body)
                if owner.garbage is not None:
                    status, data = 200, owner.garbage
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = answer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls[1], tls[0])
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def refuse(self, status: int, what: str, data: Any) -> tuple[int, bytes]:
        self.wrong.append(what)
        return status, json.dumps(data).encode()

    def answer(self, method: str, path: str, headers: Any, body: str) -> tuple[int, bytes]:
        url = urllib.parse.urlsplit(path)
        asked = dict(urllib.parse.parse_qsl(url.query, strict_parsing=bool(url.query)))
        if method == "POST" and url.path == f"/{TENANT}/oauth2/v2.0/token":
            return self.entra(headers, body)
        if method == "GET" and url.path == "/metadata/identity/oauth2/token":
            return self.managed(headers, asked)
        if method == "GET" and url.path == "/msi/token":
            return self.app_service(headers, asked)
        if method == "GET" and url.path == "/v2/credentials/s3cret-path":
            return self.container(headers)
        if url.path.startswith("/latest/"):
            return self.instance(method, url.path, headers)
        return self.refuse(404, f"{method} {path}", {})

    def token(self, kind: str) -> str:
        self.asked.append(kind)
        return jwt(self.life if self.true_life is None else self.true_life, self.more)

    def entra(self, headers: Any, body: str) -> tuple[int, bytes]:
        form = dict(urllib.parse.parse_qsl(body, strict_parsing=True))
        want = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET,
                "scope": "https://storage.azure.com/.default"}
        if form != want or headers["Content-Type"] != "application/x-www-form-urlencoded":
            return self.refuse(401, f"entra: {form}", {
                "error": "invalid_client", "error_codes": [7000215], "trace_id": "t",
                "error_description": "AADSTS7000215: Invalid client secret provided. s3cret"})
        return 200, json.dumps({"token_type": "Bearer", "expires_in": int(self.life),
                                "ext_expires_in": int(self.life),
                                "access_token": self.token("entra")}).encode()

    def managed(self, headers: Any, asked: dict[str, str]) -> tuple[int, bytes]:
        asked.pop("client_id", None)
        if headers["Metadata"] != "true" or asked != {
                "api-version": "2018-02-01", "resource": "https://storage.azure.com/"}:
            return self.refuse(400, f"managed: {asked}", {
                "error": "invalid_request", "error_description": "Required metadata header"})
        now = int(time.time())
        return 200, json.dumps({
            "access_token": self.token("managed"), "client_id": CLIENT,
            "expires_in": str(int(self.life)), "expires_on": str(now + int(self.life)),
            "ext_expires_in": "86399", "not_before": str(now), "token_type": "Bearer",
            "resource": "https://storage.azure.com/"}, indent=2).encode()

    def app_service(self, headers: Any, asked: dict[str, str]) -> tuple[int, bytes]:
        if headers["X-IDENTITY-HEADER"] != HEADER or asked != {
                "api-version": "2019-08-01", "resource": "https://storage.azure.com/"}:
            return self.refuse(400, f"app service: {asked}", {"statusCode": 400})
        return 200, json.dumps({
            "access_token": self.token("app service"), "token_type": "Bearer",
            "expires_on": str(int(time.time() + self.life)), "client_id": CLIENT,
            "resource": "https://storage.azure.com/"}).encode()

    def role(self, kind: str, more: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append(kind)
        keys = self.keys.pop(0) if len(self.keys) > 1 else self.keys[0]
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.life))
        return 200, json.dumps({**more, **keys, "Expiration": end}, indent=2).encode()

    def container(self, headers: Any) -> tuple[int, bytes]:
        if headers["Authorization"] != HEADER:
            return self.refuse(401, "container", {"code": "Unauthorized", "message": "s3cret"})
        return self.role("container", {"RoleArn": f"arn:aws:iam::1:role/{ROLE}"})

    def instance(self, method: str, path: str, headers: Any) -> tuple[int, bytes]:
        keys = "/latest/meta-data/iam/security-credentials/"
        if path == "/latest/api/token":
            seconds = headers["X-aws-ec2-metadata-token-ttl-seconds"] or ""
            if method != "PUT" or not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
                return self.refuse(400, "session", "")
            self.sessions.add(f"s3cret-session-{len(self.sessions)}==")
            return 200, f"s3cret-session-{len(self.sessions) - 1}==".encode()
        if method != "GET" or headers["X-aws-ec2-metadata-token"] not in self.sessions:
            return self.refuse(401, f"instance: {method} {path}", "")
        if path == keys:
            return 200, ROLE.encode()
        if path == keys + ROLE:
            return self.role("instance", {"Code": "Success", "Type": "AWS-HMAC",
                                          "LastUpdated": "2026-01-01T00:00:00Z"})
        return self.refuse(404, f"instance: {path}", "")
