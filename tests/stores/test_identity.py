"""Rights that are given for a while: tokens of Entra, keys of roles; and profiles."""
import time
import unittest
from urllib.parse import quote

from storekit import AzuriteTlsBox, CephBox
from identities import CLIENT, HEADER, ROLE, SECRET, TENANT, Identities
from servers import Ceph, Tinyproxy
from kit import MIB, pseudo_random


def proxy_url(proxy: Tinyproxy) -> str:
    return f"http://{proxy.USER}:{quote(proxy.PASSWORD, safe='')}@127.0.0.1:{proxy.port}"


class Asks:
    """With a server that says who this is, and a source of some seconds at SLOW kilobits."""
    SLOW, SIZE = 4000, 5 * MIB

    def begin(self, *args) -> None:
        self.identities = Identities(*args)
        self.addCleanup(self.identities.stop)
        self.source = self.write("source/f", pseudo_random(self.SIZE, 1)).parent

    def slow_machine(self):
        m = self.machine(register=False)
        m.register("--limit", str(self.SLOW))
        return m

    def whole_job(self, kind: str, times: int = 1):
        """Register with what the credentials carry and no environment, there and back."""
        m = self.machine()
        text = self.credentials().read_text()
        self.env = {}
        before = len(self.identities.asked)
        m.backup(self.source)
        self.assertEqual(len(self.identities.asked) - before, times)
        m.verify("--read-data")
        m.restore("latest", self.path / "out")
        self.assert_same(self.source, self.path / "out" / str(self.source)[1:])
        self.assertEqual(set(self.identities.asked), {kind})
        self.assertEqual(self.identities.wrong, [])
        for file in m.config.rglob("*"):
            if file.is_file() and b"s3cret" in file.read_bytes():
                self.assertEqual(file.parent.name, "keys")
                self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        return text

    def show(self, code: int = 0, *args) -> dict:
        run = self.machine(register=False).run("vault", "show", self.url, *self.place, *self.way,
                                               *args, code=code)
        self.assertNotIn("s3cret", run.raw.decode() + run.error)
        return run.one("vault" if code == 0 else "error")


class Entra(Asks, AzuriteTlsBox):
    def setUp(self) -> None:
        super().setUp()
        self.begin(self.server.certificates.sign("entra"))
        self.env = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT,
                    "AZURE_CLIENT_SECRET": SECRET,
                    "AZURE_AUTHORITY_HOST": self.identities.url + "/"}

    def test_an_application_backs_up_and_restores(self) -> None:
        text = self.whole_job("entra")
        for word in (TENANT, CLIENT, SECRET, self.identities.url):
            self.assertIn(word, text)
        self.assertNotIn("sig=", text)

    def test_tokens_are_renewed_before_they_end(self) -> None:
        m = self.slow_machine()
        self.identities.life = 6
        before, began = len(self.identities.asked), time.monotonic()
        m.backup(self.source)
        seconds = time.monotonic() - began
        self.assertGreater(seconds, 7)
        renewals = len(self.identities.asked) - before
        self.assertGreaterEqual(renewals, 2)
        self.assertLessEqual(renewals, seconds / 3 + 2, "one thread renews, and not too often")

    def test_tokens_that_end_before_their_time_are_replaced(self) -> None:
        m = self.slow_machine()
        self.identities.true_life = 3
        before, began = len(self.identities.asked), time.monotonic()
        m.backup(self.source)
        renewals = len(self.identities.asked) - before
        self.assertGreaterEqual(renewals, 2)
        self.assertLessEqual(renewals, (time.monotonic() - began) / 3 + 3)

    def test_tokens_that_never_hold_are_told(self) -> None:
        self.machine(register=False)
        self.identities.true_life = -10
        before = len(self.identities.asked)
        self.assertEqual(self.show(1)["status"], "MARS_ERR_AUTH")
        self.assertEqual(len(self.identities.asked) - before, 2)

    def test_tokens_may_have_some_kilobytes(self) -> None:
        self.identities.more = "x" * 5000
        self.machine(register=False)
        self.show()

    def test_a_wrong_secret_is_told_once_and_never_shown(self) -> None:
        self.machine(register=False)
        self.env["AZURE_CLIENT_SECRET"] = "s3cret but wrong"
        error = self.show(1)
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("401 invalid_client 7000215", error["message"])
        self.assertEqual(len(self.identities.wrong), 1)

    def test_other_answers_are_told_and_never_shown(self) -> None:
        self.machine(register=False)
        for garbage in (b"", b"<html>s3cret</html>", b'{"access_token":"s3cret"}',
                        b"s3cret" * 20000):
            self.identities.garbage = garbage
            self.assertEqual(self.show(1)["status"], "MARS_ERR_NETWORK")

    def test_the_pin_is_for_the_store_only(self) -> None:
        self.machine(register=False)
        certificate = self.server.certificates.path / "azurite.pem"
        self.show(0, "--pin", self.server.certificates.pin(certificate))

    def test_the_proxy_is_asked_for_both(self) -> None:
        self.machine(register=False)
        proxy = Tinyproxy()
        self.addCleanup(proxy.stop)
        self.show(0, "--proxy", proxy_url(proxy))
        self.assertIn(f"CONNECT 127.0.0.1:{self.identities.port}", proxy.requests())

    def test_a_key_goes_before_it_and_the_secret_is_not_handed_on(self) -> None:
        self.env |= self.server.env()
        self.machine()
        text = self.credentials().read_text()
        self.assertNotIn(SECRET, text)
        self.assertIn("sp=rcl", text)
        self.assertEqual(self.identities.asked, [])

    def test_half_of_it_is_told(self) -> None:
        self.machine(register=False)
        del self.env["AZURE_TENANT_ID"]
        self.assertEqual(self.show(2)["status"], "MARS_ERR_INVALID_ARG")


class Managed(Asks, AzuriteTlsBox):
    def setUp(self) -> None:
        super().setUp()
        self.begin()
        self.env = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.identities.url}

    def test_a_machine_backs_up_and_restores(self) -> None:
        self.assertIn(self.identities.url, self.whole_job("managed"))

    def test_one_of_several_identities_is_named(self) -> None:
        self.env["AZURE_CLIENT_ID"] = CLIENT
        self.machine(register=False)
        self.assertIn(CLIENT, self.credentials().read_text())

    def test_app_service(self) -> None:
        self.env = {"IDENTITY_ENDPOINT": f"{self.identities.url}/msi/token",
                    "IDENTITY_HEADER": HEADER}
        self.whole_job("app service")

    def test_a_wrong_header_is_told(self) -> None:
        self.machine(register=False)
        self.env = {"IDENTITY_ENDPOINT": f"{self.identities.url}/msi/token",
                    "IDENTITY_HEADER": "s3cret but wrong"}
        error = self.show(1)
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertEqual(len(self.identities.wrong), 1)

    def test_the_proxy_is_not_for_it(self) -> None:
        self.machine(register=False)
        proxy = Tinyproxy()
        self.addCleanup(proxy.stop)
        self.show(0, "--proxy", proxy_url(proxy))
        self.assertIn("CONNECT", proxy.requests())
        self.assertNotIn(str(self.identities.port), proxy.requests())

    def test_nobody_there_is_told_soon(self) -> None:
        self.machine(register=False)
        self.env = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"}
        began = time.monotonic()
        error = self.show(1)
        self.assertEqual(error["status"], "MARS_ERR_NETWORK")
        self.assertIn("managed identity", error["message"])
        self.assertLess(time.monotonic() - began, 20)


class Roles(Asks, CephBox):
    @classmethod
    def start(cls) -> Ceph:
        return Ceph(roles=True)

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server.make_role(ROLE)
        cls.keys = cls.server.keys_of_role(ROLE)

    def setUp(self) -> None:
        super().setUp()
        self.begin()
        self.identities.keys = [self.keys]
        self.container_env = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI":
                f"{self.identities.url}/v2/credentials/s3cret-path",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": HEADER}
        self.instance_env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.identities.url}

    def test_a_container_backs_up_and_restores(self) -> None:
        self.env = self.container_env | self.instance_env
        self.assertIn(HEADER, self.whole_job("container"))

    def test_an_instance_backs_up_and_restores(self) -> None:
        self.env = self.instance_env
        text = self.whole_job("instance")
        self.assertIn(self.identities.url, text)
        self.assertNotIn(self.keys["SecretAccessKey"], text)

    def test_keys_are_renewed_before_they_end(self) -> None:
        self.env = self.instance_env
        m = self.slow_machine()
        self.identities.life = 6
        before, began = len(self.identities.asked), time.monotonic()
        m.backup(self.source)
        seconds = time.monotonic() - began
        self.assertGreater(seconds, 7)
        renewals = len(self.identities.asked) - before
        self.assertGreaterEqual(renewals, 2)
        self.assertLessEqual(renewals, seconds / 3 + 2)

    def test_keys_that_the_store_does_not_take_are_replaced_once(self) -> None:
        self.env = self.instance_env
        self.machine(register=False)
        wrong = self.keys | {"SecretAccessKey": "s3cret but wrong".replace(" ", "-")}
        before = len(self.identities.asked)
        self.identities.keys = [wrong, self.keys]
        self.show()
        self.assertEqual(len(self.identities.asked) - before, 3, "it opens the store twice")
        self.identities.keys = [wrong]
        self.assertEqual(self.show(1)["status"], "MARS_ERR_AUTH")
        self.assertEqual(len(self.identities.asked) - before, 5)

    def test_a_refusal_is_told_and_never_shown(self) -> None:
        self.env = self.container_env
        self.machine(register=False)
        self.env = self.env | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "s3cret-but-wrong"}
        error = self.show(1)
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("401", error["message"])
        self.env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/s3cret-path"}
        self.assertEqual(self.show(1)["status"], "MARS_ERR_NETWORK")
        self.env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/s3cret-path"}
        self.assertEqual(self.show(1)["status"], "MARS_ERR_FORBIDDEN")

    def test_other_answers_are_told_and_never_shown(self) -> None:
        self.env = self.container_env
        self.machine(register=False)
        for garbage in (b"", b"<html>s3cret</html>", b'{"AccessKeyId":"s3cret"}',
                        b"s3cret" * 20000):
            for env in (self.container_env, self.instance_env):
                self.env = env
                self.identities.garbage = garbage
                self.assertEqual(self.show(1)["status"], "MARS_ERR_NETWORK", garbage[:30])
        self.identities.garbage = b'{"Code":"AssumeRoleUnauthorizedAccess","Message":"s3cret"}'
        self.env = self.container_env
        error = self.show(1)
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("AssumeRoleUnauthorizedAccess", error["message"])

    def test_the_metadata_service_can_be_left_out(self) -> None:
        self.env = self.container_env
        self.machine(register=False)
        asked = len(self.identities.asked)
        self.env = self.instance_env | {"AWS_EC2_METADATA_DISABLED": "true"}
        self.assertEqual(self.show(1)["status"], "MARS_ERR_AUTH")
        self.assertEqual(len(self.identities.asked), asked)

    def test_a_session_goes_with_the_keys_of_its_profile(self) -> None:
        self.machine(register=False)
        self.write(".aws/credentials",
                   f"[default]\naws_access_key_id={self.keys['AccessKeyId']}\n"
                   f"aws_secret_access_key = {self.keys['SecretAccessKey']}\n"
                   f"aws_session_token = {self.keys['Token']}\n".encode())
        self.env = self.instance_env | {"HOME": str(self.path), "AWS_SESSION_TOKEN": "s3cret"}
        asked = len(self.identities.asked)
        self.show()
        self.assertEqual(len(self.identities.asked), asked)


class Profiles(CephBox):
    def setUp(self) -> None:
        super().setUp()
        self.machine(register=False)
        keys = self.server.env()
        self.good = (f"aws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
                     f"aws_secret_access_key={keys['AWS_SECRET_ACCESS_KEY']}\n")
        self.bad = "aws_access_key_id = WRONG\naws_secret_access_key = s3cret\n"
        self.env = {"HOME": str(self.path), "AWS_EC2_METADATA_DISABLED": "true"}

    def show(self, code: int = 0) -> dict:
        run = self.machine(register=False).run("vault", "show", self.url, *self.place, code=code)
        self.assertNotIn("s3cret", run.raw.decode() + run.error)
        return run.one("vault") if code == 0 else run.lines[-1] if run.lines else {}

    def test_the_default_one_lies_at_home(self) -> None:
        self.assertEqual(self.show(1)["status"], "MARS_ERR_AUTH")
        self.write(".aws/credentials",
                   f"# keys\n[other]\n{self.bad}\n[default]\n{self.good}".encode())
        self.show()

    def test_another_is_named(self) -> None:
        self.write("keys", f"[default]\n{self.bad}[ office ]\n{self.good}\n".encode())
        self.env |= {"AWS_SHARED_CREDENTIALS_FILE": str(self.path / "keys")}
        self.assertEqual(self.show(1)["status"], "MARS_ERR_AUTH")
        self.env |= {"AWS_PROFILE": "office"}
        self.show()
        self.env |= {"AWS_PROFILE": "nosuch"}
        self.show(2)

    def test_keys_and_region_may_lie_in_the_other_file(self) -> None:
        self.write("config", f"[default]\n{self.bad}[profile office]\ns3 =\n"
                             f"  aws_access_key_id = x\nregion = xx-wrong-1\n{self.good}".encode())
        self.env |= {"AWS_CONFIG_FILE": str(self.path / "config"), "AWS_PROFILE": "office"}
        self.show()
        out = self.credentials()
        self.assertIn("xx-wrong-1", out.read_text())
        self.assertIn("marstestsecret", out.read_text())

    def test_variables_go_before_it(self) -> None:
        self.write(".aws/credentials",
                   f"[default]\n{self.bad}aws_session_token = s3cret\n".encode())
        self.env |= self.server.env()
        self.show()


if __name__ == "__main__":
    unittest.main()
