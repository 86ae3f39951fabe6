"""Many uploads at once, and any allocation failing: their memory, and that all arrive."""
import subprocess
import unittest

from storekit import AzuriteBox, CephBox
from servers import client
from kit import BUILD


class Uploads:
    script = ""

    def test_32_at_once_take_less_than_128_mib(self) -> None:
        done = subprocess.run([BUILD / "tests" / "stores" / "uploads", self.url,
                               self.server.endpoint, self.path, "32", "16"],
                              env=self.server.env(), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        peak = int(done.stdout) / 1024
        print(f"\n32 uploads at once: {peak:.0f} MiB", end=" ")
        self.assertLess(peak, 128)
        listed = client(self.script, "list", self.container,
                        env=self.server.env() | {"ENDPOINT": self.server.endpoint}).decode()
        self.assertEqual(sorted(listed.splitlines()),
                         sorted(f"some/place/uploads/{i} {16 << 20}" for i in range(32)))

    def test_no_failing_allocation_does_harm(self) -> None:
        done = subprocess.run([BUILD / "tests" / "stores" / "oom", self.url, self.server.endpoint],
                              env=self.server.env(), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(int(done.stdout), 30, "it failed many times")


class UploadsToAzurite(Uploads, AzuriteBox):
    script = "azure.mjs"


class UploadsToCeph(Uploads, CephBox):
    script = "s3.mjs"


if __name__ == "__main__":
    unittest.main()
