"""What a machine may do with the credentials it was given, and until when."""
import subprocess
import time
import unittest

from storekit import AzuriteBox, CephBox
from kit import MIB, pseudo_random


class SharedAccess(AzuriteBox):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.path / "source"
        self.write("source/f", pseudo_random(2 * MIB, 1))

    def test_read_list_and_create_are_enough(self) -> None:
        m = self.machine()
        text = self.credentials().read_text()
        self.assertNotIn(self.server.KEY, text)
        self.assertIn("sp=rcl", text)
        self.env = {}  # what the machine has is what the credentials gave
        m.backup(self.source)
        self.write("source/g", pseudo_random(1 * MIB, 2))
        m.backup(self.source)
        m.verify("--read-data")
        m.restore("latest", self.path / "out")
        self.assert_same(self.source, self.path / "out" / str(self.source)[1:])
        for file in m.config.rglob("*"):
            if file.is_file() and b"sig=" in file.read_bytes():
                self.assertEqual(file.parent.name, "keys")
                self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_ended_access_is_told_and_renewed(self) -> None:
        m = self.machine()
        first = m.backup(self.source)
        text = (m.config / "agent.yaml").read_text()
        until = next(line for line in text.splitlines() if line.startswith("access_until"))
        ended = f"access_until: {int(time.time()) - 5}"
        (m.config / "agent.yaml").write_text(text.replace(until, ended))
        error = m.run("backup", self.source, code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("--renew", error["message"])
        log = m.run("register", "--renew", "--credentials", self.credentials(), *["-v"] * 3).error
        self.assertIn(" http: GET ", log)
        again = m.backup(self.source)
        self.assertEqual(again["bytes_new"], 0)
        self.assertEqual([p["id"] for p in m.points()], [first["point"], again["point"]])

    def test_the_end_is_told_thirty_days_ahead(self) -> None:
        self.machine(register=False)
        for days, times in (("31", 0), ("29", 1)):
            m = self.machine(f"for-{days}", register=False)
            m.run("register", "--credentials", self.credentials("--access-days", days),
                  "--passphrase-file", "-", input=b"correct horse battery staple")
            told = [e["message"] for e in m.run("backup", self.source).events("warning")]
            self.assertEqual(["--renew" in t for t in told], [True] * times)

    def test_a_signature_that_the_store_refuses_names_renew(self) -> None:
        m = self.machine()
        secret = next((m.config / "keys").glob("*.store"))
        secret.write_bytes(secret.read_bytes().replace(b"sig=", b"sig=A"))
        error = m.run("backup", self.source, code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("--renew", error["message"])

    def test_another_vaults_credentials_renew_nothing(self) -> None:
        m = self.machine()
        other = self.path / "other.vaultCredentials"
        url = f"file://{self.path}/other"
        m.run("vault", "create", url)
        m.run("vault", "credentials", url, "--out", other)
        error = m.run("register", "--renew", "--credentials", other, code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_STATE")
        m.backup(self.source)

    def test_edited_credentials_are_refused(self) -> None:
        self.machine(register=False)
        file = self.credentials()
        file.write_text(file.read_text().replace("sp=rcl", "sp=racwdl"))
        m = self.machine(register=False)
        error = m.run("register", "--credentials", file, "--passphrase-file", "-", code=1,
                      input=b"correct horse battery staple").one("error")
        self.assertEqual(error["status"], "MARS_ERR_AUTH")

    def test_a_connection_string_says_all(self) -> None:
        self.env = {"AZURE_STORAGE_CONNECTION_STRING":
                    f"DefaultEndpointsProtocol=http;AccountName={self.server.ACCOUNT};"
                    f"AccountKey={self.server.KEY};BlobEndpoint={self.server.endpoint};"}
        self.place = []
        self.machine().backup(self.source)

    def test_another_accounts_key_is_not_tried(self) -> None:
        m = self.machine(register=False)
        self.env = self.server.env() | {"AZURE_STORAGE_ACCOUNT": "another"}
        error = m.run("vault", "show", self.url, *self.place, code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_AUTH")
        self.assertIn("neither", error["message"])

    def test_a_signature_alone_makes_no_vault_but_shows_it(self) -> None:
        self.machine(register=False)
        line = next(x for x in self.credentials().read_text().splitlines() if "sp=rcl" in x)
        self.env = {"AZURE_STORAGE_SAS_TOKEN": "?" + line.split(":", 1)[1].strip().strip("\"'")}
        self.machine(register=False).run("vault", "show", self.url, *self.place)


class Keys(CephBox):
    def test_the_file_carries_the_keys(self) -> None:
        source = self.write("source/f", pseudo_random(2 * MIB, 1)).parent
        m = self.machine()
        self.assertIn(self.server.env()["AWS_SECRET_ACCESS_KEY"], self.credentials().read_text())
        told = m.run("vault", "credentials", self.url, "--out", self.path / "x", *self.place)
        self.assertTrue(told.summary["carries_keys"])
        self.env = {}
        m.backup(source)
        m.restore("latest", self.path / "out")
        self.assert_same(source, self.path / "out" / str(source)[1:])
        done = subprocess.run(["grep", "-rl", "marstestsecret", str(m.config)], capture_output=True,
                              text=True, check=False).stdout.split()
        self.assertEqual([x.split("/")[-2] for x in done], ["keys"])


if __name__ == "__main__":
    unittest.main()
