"""The C# binding: its own tests, packages and example, on the library as it is installed."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Optional

TESTS = Path(__file__).resolve().parent.parent
TOP = TESTS.parent
for folder in ("servers", "tools"):
    sys.path.insert(0, str(TESTS / folder))
import installed  # noqa: E402
import servers  # noqa: E402
from installed import CSHARP as OUT, dotnet, dotnet_build as build  # noqa: E402

SAMPLE = OUT / "bin" / "BackupAndRestore" / "release" / "BackupAndRestore"
PROGRAM = """
using LibMars;

string work = args[0], url = "file://" + work + "/vault";
Vault.Create(url);
Vault.IssueCredentials(url, work + "/credentials");
using Agent agent = Agent.Register(work + "/config", work + "/credentials", "a passphrase of mine");
BackupResult result = agent.Backup(new BackupOptions { Paths = [args[1]] });
Console.WriteLine($"{result.Files} files with {MarsLibrary.Version}");
"""
PROJECT = """
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <RestoreAdditionalProjectSources>FEED</RestoreAdditionalProjectSources>
    <RestorePackagesPath>packages</RestorePackagesPath>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="LibMars" Version="VERSION" />
  </ItemGroup>
</Project>
"""


def run(*command: object, env: Optional[dict[str, str]] = None,
        **more) -> subprocess.CompletedProcess:
    return subprocess.run([str(c) for c in command], env=os.environ | (env or {}), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, **more)


class CSharp(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        installed.need_dotnet()
        cls.library = installed.library()
        cls.env = installed.environment()
        build("build", TOP / "bindings" / "csharp" / "LibMars.slnx")

    def setUp(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="mars-csharp-"))
        self.addCleanup(shutil.rmtree, self.path)
        self.tree = self.path / "tree"
        (self.tree / "sub").mkdir(parents=True)
        for i in range(20):
            (self.tree / "sub" / f"file-{i}").write_text(f"content {i}\n" * i)

    def xunit(self, wanted: str, env: Optional[dict[str, str]] = None) -> None:
        told = dotnet("test", OUT / "bin" / "LibMars.Tests" / "release" / "LibMars.Tests.dll",
                      "--filter", wanted, env=self.env | (env or {}))
        self.assertRegex(told, r"Passed! +- Failed: +0, Passed: +[1-9]\d*, Skipped: +0,")

    def test_its_own_tests_pass(self) -> None:
        self.xunit("FullyQualifiedName!~azure")

    def test_its_own_tests_pass_on_azurite(self) -> None:
        azurite = servers.Azurite()
        self.addCleanup(azurite.stop)
        self.xunit("FullyQualifiedName~azure", {
            "MARS_TEST_AZURE_URL": azurite.make_container("csharp"),
            "MARS_TEST_AZURE_ENDPOINT": azurite.endpoint, "MARS_TEST_AZURE_KEY": azurite.KEY})

    def pack(self, feed: Path, top: Path = TOP) -> None:
        """What was built, as packages."""
        for name in ("LibMars.Native", "LibMars"):
            build("pack", top / "bindings" / "csharp" / "src" / name, "-o", feed, "--no-build",
                  f"-p:MarsLibrary={self.library}")

    def test_a_new_project_takes_the_packages(self) -> None:
        feed, project = self.path / "feed", self.path / "project"
        self.pack(feed)
        version = next(feed.glob("LibMars.Native.*.nupkg")).name[len("LibMars.Native."):-6]
        project.mkdir()
        (project / "Program.cs").write_text(PROGRAM)
        (project / "new.csproj").write_text(
            PROJECT.replace("FEED", str(feed)).replace("VERSION", version))
        build("build", project, "-o", self.path / "out")
        done = run(self.path / "out" / "new", self.path, self.tree, env={"LD_LIBRARY_PATH": ""})
        self.assertEqual(done.stdout, f"20 files with {version}\n")

    def test_the_same_sources_elsewhere_give_the_same_packages(self) -> None:
        here, there, copy = self.path / "here", self.path / "there", self.path / "copy"
        self.pack(here)
        shutil.copytree(TOP / "bindings" / "csharp" / "src", copy / "bindings" / "csharp" / "src")
        for name in ("meson.build", "bindings/csharp/README.md",
                     "bindings/csharp/Directory.Build.props"):
            shutil.copy(TOP / name, copy / name)
        build("build", copy / "bindings" / "csharp" / "src" / "LibMars", "-p:RunAnalyzers=false")
        self.pack(there, copy)
        names = sorted(p.name for p in here.iterdir())
        self.assertEqual(len(names), 2)
        for name in names:
            self.assertTrue((here / name).read_bytes() == (there / name).read_bytes(), name)

    def sample(self, env: dict[str, str]) -> subprocess.CompletedProcess:
        return run(SAMPLE, self.path / "work", self.tree, input="a passphrase of mine\n", env=env)

    def test_the_example_restores_what_it_backed_up(self) -> None:
        for restored in (20, 0):
            done = self.sample(self.env)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn(f"{restored} files restored", done.stdout)
        back = str(self.path / "work" / "restored") + str(self.tree)
        self.assertEqual(run("diff", "-r", self.tree, back).stdout, "")

    def test_a_library_that_does_not_fit_is_named(self) -> None:
        for version in ("0.0.9", "1.0.0"):
            fake = self.path / version
            fake.mkdir()
            code = f'const char *mars_version(void) {{ return "{version}"; }}\n'
            subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-x", "c", "-", "-o",
                            fake / "libmars.so.0"], check=True, text=True, input=code)
            done = self.sample({"LD_LIBRARY_PATH": str(fake)})
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stdout, f'needs libmars .* and found libmars "{version}"')

    def test_a_library_that_is_missing_is_named(self) -> None:
        if run("ldconfig", "-p").stdout.find("libmars.so.0") >= 0:
            self.skipTest("libmars is installed in the system")
        self.assertIn("libmars.so.0 was not found", self.sample({"LD_LIBRARY_PATH": ""}).stdout)


if __name__ == "__main__":
    unittest.main()
