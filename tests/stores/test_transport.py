"""The way there: TLS and its certificates, proxies, and what is refused on it."""
import os
import ssl
import subprocess
import time
import unittest

from storekit import AzuriteBox, AzuriteTlsBox, CephBox
from faultproxy import Proxy
from servers import Certificates, Nginx, Tinyproxy, need
from kit import MIB, pseudo_random


class Tls(AzuriteTlsBox):
    def show(self, *args, code: int = 0, place=None) -> dict:
        run = self.machine(register=False).run("vault", "show", self.url, *(place or self.place),
                                               *args, code=code)
        return run.one("vault" if code == 0 else "error")

    def test_the_certificate_must_be_trusted(self) -> None:
        error = self.show(code=1)
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("certificate", error["message"].lower())

    def test_the_certificate_must_be_for_the_name(self) -> None:
        other = Certificates(self.path)
        key, cert = other.sign("other", "DNS:elsewhere.example")
        with_name = Nginx(f"listen 127.0.0.1:PORT ssl; ssl_certificate {cert};"
                          f"ssl_certificate_key {key}; location / {{ return 503; }}")
        self.addCleanup(with_name.stop)
        error = self.show("--ca", other.ca, code=1,
                          place=["--endpoint", f"https://127.0.0.1:{with_name.port}"])
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("127.0.0.1", error["message"])

    def test_a_pinned_key_is_the_only_one(self) -> None:
        self.machine(register=False)
        right = self.server.certificates.pin(self.server.path / "azurite.pem")
        self.assertEqual(self.show("--pin", right, *self.way)["machines"], 0)
        error = self.show("--pin", right[:-6] + "AAAAA=", *self.way, code=1)
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("public key", error["message"])

    def tls_front(self, versions: str) -> Nginx:
        key, cert = self.server.certificates.sign(versions.replace(" ", ""))
        front = Nginx(f"listen 127.0.0.1:PORT ssl; ssl_certificate {cert};"
                      f"ssl_certificate_key {key}; ssl_protocols {versions};"
                      "ssl_ciphers ALL:@SECLEVEL=0;"
                      f"location / {{ proxy_pass https://127.0.0.1:{self.server.port};"
                      f"proxy_set_header Host $http_host; }}")
        self.addCleanup(front.stop)
        return front

    def through(self, front: Nginx) -> list[str]:
        return ["--endpoint", f"https://127.0.0.1:{front.port}/{self.server.ACCOUNT}"]

    def test_old_tls_is_refused(self) -> None:
        front = self.tls_front("TLSv1 TLSv1.1")
        error = self.show(*self.way, code=1, place=self.through(front))
        self.assertEqual(error["status"], "MARS_ERR_UNSUPPORTED")
        self.assertIn("TLS 1.2", error["message"])

    def test_tls_1_2_and_1_3_are_spoken(self) -> None:
        self.machine(register=False)
        for versions in ("TLSv1.2", "TLSv1.3"):
            self.assertEqual(self.show(*self.way, place=self.through(self.tls_front(versions)))
                             ["machines"], 0)


class Plain(AzuriteBox):
    def test_http_is_for_this_machine_only(self) -> None:
        place = ["--endpoint", "http://192.0.2.1:10000/devstoreaccount1"]
        m = self.machine(register=False)
        error = m.run("vault", "show", self.url, *place, code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_FORBIDDEN")
        self.assertIn("TLS", error["message"])

    def test_nobody_there_is_told_soon(self) -> None:
        began = time.monotonic()
        error = self.machine(register=False).run(
            "vault", "show", self.url, "--endpoint", "http://127.0.0.1:9/devstoreaccount1",
            code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_NETWORK")
        self.assertLess(time.monotonic() - began, 90)

    def test_errors_are_clear_and_hold_no_secret(self) -> None:
        m = self.machine(register=False)
        place = self.place
        cases = [
            ({"AZURE_STORAGE_KEY": "d3Jvbmcga2V5"}, self.url, "MARS_ERR_AUTH"),
            ({"AZURE_STORAGE_KEY": "not base64!"}, self.url, "MARS_ERR_INVALID_ARG"),
            ({"AZURE_STORAGE_KEY": ""}, self.url, "MARS_ERR_AUTH"),
            ({"AZURE_STORAGE_KEY": "", "AZURE_STORAGE_SAS_TOKEN": "sv=2021-12-02&sig=s3cret"},
             self.url, None),
            ({}, f"azblob://{self.server.ACCOUNT}/nosuchcontainer", "MARS_ERR_NOT_FOUND"),
        ]
        for env, url, status in cases:
            self.env = self.server.env() | env
            error = m.try_("vault", "show", url, *place).one("error")
            if status is not None:
                self.assertEqual(error["status"], status, error["message"])
            self.assertNotIn("s3cret", error["message"])
            self.assertNotIn(self.server.KEY, error["message"])


class S3Errors(CephBox):
    def test_a_clock_that_is_wrong_is_made_good(self) -> None:
        need("faketime")
        source = self.write("source/f", pseudo_random(2 * MIB, 1)).parent
        m = self.machine()
        for by in ("+2h", "-2h"):
            done = subprocess.run(["faketime", "-f", by, *m.command("backup", source)],
                                  env=os.environ | self.env, capture_output=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(len(m.points()), 2)

    def test_errors_are_clear(self) -> None:
        m = self.machine(register=False)
        for env, url, status in (
                ({"AWS_SECRET_ACCESS_KEY": "wrong"}, self.url, "MARS_ERR_AUTH"),
                ({"AWS_ACCESS_KEY_ID": "WRONG"}, self.url, "MARS_ERR_AUTH"),
                ({"AWS_ACCESS_KEY_ID": ""}, self.url, "MARS_ERR_AUTH"),
                ({}, "s3://nosuchbucketanywhere", "MARS_ERR_NOT_FOUND")):
            self.env = self.server.env() | env
            error = m.run("vault", "show", url, *self.place, code=1).one("error")
            self.assertEqual(error["status"], status, error["message"])


class Proxied(AzuriteBox):
    """Through a proxy that wants a password; http and, by a tunnel, https."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = Tinyproxy()
        self.addCleanup(self.proxy.stop)
        self.user = f"{Tinyproxy.USER}:pass%2Eword-1"

    def url_of_proxy(self, user: str) -> str:
        return f"http://{user}@127.0.0.1:{self.proxy.port}"

    def test_the_whole_job_goes_through_it(self) -> None:
        source = self.path / "source"
        self.write("source/f", pseudo_random(2 * MIB, 1))
        self.way = ["--proxy", self.url_of_proxy(self.user)]
        m = self.machine()
        seen = len(self.proxy.requests())
        m.backup(source)
        self.assertGreater(len(self.proxy.requests()), seen, "what register kept is used")
        m.restore("latest", self.path / "out")
        self.assert_same(source, self.path / "out" / str(source)[1:])
        for file in m.config.rglob("*"):
            if file.is_file() and b"pass.word-1" in file.read_bytes():
                self.assertEqual(file.parent.name, "keys", "the password lies with the keys only")

    def test_a_wrong_password_is_told(self) -> None:
        error = self.machine(register=False).run(
            "vault", "show", self.url, *self.place, "--proxy", self.url_of_proxy("keeper:wrong"),
            code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("proxy", error["message"])

    def test_the_environment_names_it_and_its_exceptions(self) -> None:
        m = self.machine(register=False)
        seen = len(self.proxy.requests())
        self.env = self.server.env() | {"http_proxy": self.url_of_proxy(self.user)}
        m.run("vault", "show", self.url, *self.place)
        self.assertGreater(len(self.proxy.requests()), seen)
        seen = len(self.proxy.requests())
        self.env |= {"no_proxy": "example.org,127.0.0.1"}
        m.run("vault", "show", self.url, *self.place)
        self.assertEqual(len(self.proxy.requests()), seen)


class ProxiedTls(AzuriteTlsBox):
    def test_a_tunnel_is_dug(self) -> None:
        proxy = Tinyproxy()
        self.addCleanup(proxy.stop)
        self.machine(register=False)
        user = f"{Tinyproxy.USER}:pass%2Eword-1"
        m = self.machine(register=False)
        m.run("vault", "show", self.url, *self.place, *self.way, "--proxy",
              f"http://{user}@127.0.0.1:{proxy.port}")
        self.assertIn("CONNECT", proxy.requests())
        error = m.run("vault", "show", self.url, *self.place, *self.way, "--proxy",
                      f"http://keeper:wrong@127.0.0.1:{proxy.port}", code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("proxy", error["message"])


class ProxiedByTls(AzuriteTlsBox):
    """The way to the proxy itself goes over TLS, and a tunnel through it."""

    def test_the_whole_job_goes_through_it(self) -> None:
        proxy = Tinyproxy()
        self.addCleanup(proxy.stop)
        key, cert = self.server.certificates.sign("proxy")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        source = self.write("source/f", pseudo_random(2 * MIB, 1)).parent
        with Proxy("127.0.0.1", proxy.port, tls=context) as front:
            user = f"{Tinyproxy.USER}:pass%2Eword-1"
            self.way = [*self.way, "--proxy", f"https://{user}@127.0.0.1:{front.port}"]
            m = self.machine()
            m.backup(source)
            m.restore("latest", self.path / "out")
            self.assertIn("CONNECT", proxy.requests())
        self.assert_same(source, self.path / "out" / str(source)[1:])


if __name__ == "__main__":
    unittest.main()
