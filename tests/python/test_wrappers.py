"""Keys that the program keeps: registering, recovering and changing slots with a wrapper."""
import unittest

from pykit import PASSPHRASE, PythonBox, libmars


class Service:
    """A key service with one key."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.asked = 0

    def wrap(self, secret: bytes) -> bytes:
        return bytes([self.key]) + bytes(b ^ self.key for b in secret)

    def unwrap(self, blob: bytes) -> bytes:
        self.asked += 1
        if blob[0] != self.key:
            raise libmars.KeyRefusedError("another key's")
        return bytes(b ^ self.key for b in blob[1:])


class Away(Service):
    def unwrap(self, blob: bytes) -> bytes:
        raise TimeoutError("no connection to the module")


class Short(Service):
    def unwrap(self, blob: bytes) -> bytes:
        return b"short"


class Keys(PythonBox):
    def recover(self, name: str, **key: object) -> None:
        libmars.recover(credentials=self.path / "one.vaultCredentials", machine=name, **key).close()

    def test_a_domain_with_a_wrapper_only(self) -> None:
        self.agent()
        service = Service(7)
        with libmars.register(self.path / "config-hsm", name="hsm", wrapper=service,
                              credentials=self.path / "one.vaultCredentials") as agent:
            self.assertEqual([k.kind for k in agent.key_list()], [libmars.KeyKind.WRAPPER])
            agent.backup(self.tree())
        self.recover("hsm", wrapper=service)
        for refused in ({"wrapper": Service(8)}, {"passphrase": PASSPHRASE}):
            with self.assertRaises(libmars.KeyRefusedError):
                self.recover("hsm", **refused)
        with self.assertRaisesRegex(TimeoutError, "no connection"):
            self.recover("hsm", wrapper=Away(7))
        with self.assertRaisesRegex(ValueError, "5 bytes"):
            self.recover("hsm", wrapper=Short(7))
        with self.assertRaises(libmars.InvalidArgumentError):
            self.recover("hsm")

    def test_slots_of_both_kinds(self) -> None:
        agent, service = self.agent(), Service(7)
        with self.assertRaises(libmars.KeyRefusedError):
            agent.key_remove(service, "0" * 16)
        self.assertEqual(service.asked, 0)
        slot = agent.key_add(PASSPHRASE, service, label="hsm")
        self.assertEqual([(k.label, k.id) for k in agent.key_list()][1], ("hsm", slot))
        agent.key_change(service, Service(9))
        self.recover("one", wrapper=Service(9))
        agent.key_remove(Service(9), agent.key_list()[0].id)
        with self.assertRaises(libmars.StateError):
            agent.key_remove(Service(9), agent.key_list()[0].id)
        with self.assertRaises(libmars.KeyRefusedError):
            self.recover("one", passphrase=PASSPHRASE)


if __name__ == "__main__":
    unittest.main()
