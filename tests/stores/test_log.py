"""What an operator is told of the way to a store, and that nothing of it is secret."""
import unittest
from typing import Optional

from storekit import AzuriteBox
from faultproxy import Fault, Proxy, Request
from kit import MIB, PASSPHRASE, pseudo_random


class Told(AzuriteBox):
    def setUp(self) -> None:
        super().setUp()
        self.fault: Optional[Fault] = None
        self.done: set[str] = set()
        proxy = Proxy("127.0.0.1", self.server.port, self.disturb)
        proxy.__enter__()
        self.addCleanup(proxy.__exit__)
        self.reach(self.endpoint_through(proxy.port))
        self.source = self.write("source/f", pseudo_random(2 * MIB, 1)).parent
        self.said: list[str] = []

    def disturb(self, request: Request) -> Optional[Fault]:
        """Once for each object that is put."""
        if self.fault is None or request.method != "PUT" or request.target in self.done:
            return None
        self.done.add(request.target)
        return self.fault

    def say(self, m, *verb, **more) -> str:
        self.said.append(m.run("-vvv", *verb, **more).error)
        return self.said[-1]

    def test_a_fault_has_a_cause_and_a_wait(self) -> None:
        m = self.machine()
        self.fault = Fault("503", retry_after="1")
        told = self.say(m, "backup", self.source)
        self.assertRegex(told, r" warning http: PUT http://127\.0\.0\.1:\d+/devstoreaccount1/\S+/"
                               r"packs/data/\S+: the server answers 503 \(attempt 1; tried again "
                               r"in 1000 ms\)\n")
        self.assertRegex(told, r" debug http: GET \S+: 200, 0 bytes sent, \d+ received, \d+ ms")

    def test_nothing_secret_is_told(self) -> None:
        self.machine(register=False)
        m = self.machine(register=False)
        file = self.credentials()
        self.say(m, "vault", "show", self.url, *self.place)
        self.say(m, "register", "--credentials", file, "--passphrase-file", "-", *self.way,
                 input=PASSPHRASE.encode())
        self.say(m, "backup", self.source)
        self.fault = Fault("reset")
        self.write("source/g", pseudo_random(MIB, 2))
        self.say(m, "backup", self.source)
        self.say(m, "restore", "latest", "--to", self.path / "out")
        self.say(m, "verify", "--read-data")
        self.say(m, "recover", "--credentials", file, "--passphrase-file", "-", *self.way, "points",
                 input=PASSPHRASE.encode())
        signature = file.read_text().split("sig=")[1].split("&")[0].split("'")[0].split('"')[0]
        for text in self.said:
            self.assertGreater(text.count(" http: "), 1)
            for hidden in (self.server.KEY, signature.strip(), "sig=", "SharedKey", PASSPHRASE):
                self.assertNotIn(hidden, text)
        self.assertGreater(len(signature), 20)


if __name__ == "__main__":
    unittest.main()
