"""How many requests it takes to open a vault, to look into it, and to begin and end a session."""
import unittest
from collections import Counter

from storekit import AzuriteBox, CephBox
from faultproxy import Proxy
from kit import MIB, pseudo_random


class Requests:
    def setUp(self) -> None:
        super().setUp()
        self.proxy = Proxy("127.0.0.1", self.server.port)
        self.proxy.__enter__()
        self.addCleanup(self.proxy.__exit__)
        self.reach(self.endpoint_through(self.proxy.port))
        self.source = self.path / "source"
        self.write("source/f", pseudo_random(2 * MIB, 1))
        self.m = self.machine()
        for i in range(12):
            self.write(f"source/f{i}", pseudo_random(1000, i))
            self.m.backup(self.source)

    def count(self, *verb) -> Counter:
        before = len(self.proxy.requests)
        self.m.run(*verb)
        return Counter("pack" if "packs" in r.target else
                       "list" if "list" in r.target else r.method
                       for r in self.proxy.requests[before:])

    def test_listing_points_takes_three(self) -> None:
        found = self.count("points")
        self.assertEqual(found["pack"], 0)
        self.assertLessEqual(sum(found.values()), 3, found)

    def points_read(self, machine, *verb) -> int:
        before = len(self.proxy.requests)
        machine.run(*verb)
        return sum("/points/" in r.target and "list" not in r.target and r.method == "GET"
                   for r in self.proxy.requests[before:])

    def test_a_point_is_read_once(self) -> None:
        one, other = (self.machine(name, register=False) for name in ("a", "b"))
        for machine in (one, other):
            machine.register("--domain", "shared")
            machine.backup(self.source)
        other.backup(self.source)
        everything = ("points", "--all-machines")
        self.assertEqual(self.points_read(one, *everything), 2, "of its own it has a copy")
        self.assertEqual(self.points_read(one, *everything), 0)
        other.backup(self.source)
        self.assertEqual(self.points_read(one, "backup", self.source), 0)
        self.assertEqual(self.points_read(one, "points"), 0)
        self.assertEqual(self.points_read(one, *everything), 1)

    def test_a_directory_takes_three_and_what_is_in_it(self) -> None:
        found = self.count("ls", "latest", self.source)
        self.assertLessEqual(sum(found.values()) - found["pack"], 3, found)

    def test_a_restore_takes_three_and_the_packs(self) -> None:
        found = self.count("restore", "latest", "--to", self.path / "out")
        self.assertGreater(found["pack"], 0)
        self.assertLessEqual(sum(found.values()) - found["pack"], 3, found)

    def test_a_backup_takes_six_more_and_the_packs(self) -> None:
        self.write("source/new", pseudo_random(1000, 77))
        found = self.count("backup", self.source)
        self.assertGreater(found["pack"], 0)
        self.assertLessEqual(sum(found.values()) - found["pack"], 3 + 6, found)


class RequestsToAzurite(Requests, AzuriteBox):
    pass


class RequestsToCeph(Requests, CephBox):
    pass


if __name__ == "__main__":
    unittest.main()
