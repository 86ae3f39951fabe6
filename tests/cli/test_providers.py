"""Builds with mbedTLS and with libcrypto read and write each other's vaults."""
import subprocess
import unittest

from kit import BUILD, MARS, TESTS, Box, pseudo_random


def other_build() -> str:
    """`mars` built with the other provider, beside this build."""
    info = subprocess.run([MARS, "--version"], capture_output=True, text=True, check=True).stdout
    provider = "openssl" if "mbedtls" in info else "mbedtls"
    build = BUILD.with_name(f"{BUILD.name}-{provider}")
    if not (build / "build.ninja").exists():
        subprocess.run(["meson", "setup", build, TESTS.parent, f"-Dcrypto={provider}"],
                       check=True, capture_output=True)
    subprocess.run(["ninja", "-C", build, "--quiet"], check=True, capture_output=True)
    other = str(build / "examples" / "mars")
    assert provider in subprocess.run([other, "--version"], capture_output=True, text=True,
                                      check=True).stdout
    return other


class Providers(Box):
    def test_each_goes_on_with_the_others_vault(self) -> None:
        other = other_build()
        source = self.path / "source"
        for i in range(30):
            self.write(f"source/f{i}", pseudo_random(40_000 * i, i))
        a = self.machine(mars=MARS)
        a.backup(source)
        a.mars = other
        a.verify("--read-data")
        before = self.vault_bytes()
        a.backup(source)
        self.assertLess(self.vault_bytes() - before, 65536)
        self.write("source/new", pseudo_random(3_000_000, 77))
        a.backup(source)
        b = self.machine("two", mars=other)
        b.backup(source)
        for mars in (MARS, other):
            for m in (a, b):
                m.mars = mars
                m.verify("--read-data")
                out = self.path / f"out-{m.name}-{mars == other}"
                m.restore("latest", out)
                self.assert_same(source, out / str(source)[1:])


if __name__ == "__main__":
    unittest.main()
