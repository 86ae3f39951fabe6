"""Test cases whose vault is on a real server of a storage service."""
from __future__ import annotations

import sys
import uuid
from pathlib import Path


TESTS = Path(__file__).resolve().parent.parent
for folder in ("cli", "servers"):
    sys.path.insert(0, str(TESTS / folder))

from kit import Box  # noqa: E402
from servers import Azurite, Ceph  # noqa: E402


class FileBox(Box):
    """The embedded default, beside the others."""
    server = None


class ServerBox(Box):
    """Each case has a container of its own, and each class its server."""
    server = None

    @classmethod
    def start(cls):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = cls.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.stop()
        super().tearDownClass()

    def setUp(self) -> None:
        super().setUp()
        self.container = f"c{uuid.uuid4().hex[:12]}"
        self.url = self.server.make_container(self.container) + "/some/place"
        self.env = self.server.env()
        self.way = self.server.way()
        self.reach(self.server.endpoint)

    def has_vault(self) -> bool:
        return self.url in self.made

    def reach(self, endpoint: str) -> None:
        """From now on the store answers here."""
        self.place = ["--endpoint", endpoint]


class AzuriteBox(ServerBox):
    @classmethod
    def start(cls) -> Azurite:
        return Azurite()

    def endpoint_through(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/{self.server.ACCOUNT}"


class AzuriteTlsBox(ServerBox):
    @classmethod
    def start(cls) -> Azurite:
        return Azurite(tls=True)


class CephBox(ServerBox):
    @classmethod
    def start(cls) -> Ceph:
        return Ceph()

    def endpoint_through(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"


