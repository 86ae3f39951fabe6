"""Real servers on loopback, started and stopped by the tests: Azurite, Ceph, nginx, a proxy,
PostgreSQL.

What is not installed makes a test say so and skip; tests/packages.sh ci installs all of it.
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Optional
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
MODULES = TOP / "build" / "servers" / "node_modules"


def need(*programs: str) -> None:
    for name in programs:
        if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            raise unittest.SkipTest(f"{name} is not installed")


def need_module(name: str) -> None:
    need("node")
    if not (MODULES / name).exists():
        raise unittest.SkipTest(f"npm's {name} is not installed")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen, log: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as s:
            s.settimeout(1)
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args} did not come up: {log.read_text(errors='replace')[-2000:]}")


class Server:
    """A process with a directory of its own."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="mars-server-"))
        self.process: Optional[subprocess.Popen] = None
        self.port = free_port()

    def start(self, *command: str, **more) -> None:
        log = self.path / "log"
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL, **more)
        self.wait(log)

    def wait(self, log: Path) -> None:
        wait_for_port(self.port, self.process, log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        shutil.rmtree(self.path, ignore_errors=True)


class Certificates:
    """A certificate authority, and what it signs: for this machine, or for another name."""

    def __init__(self, path: Path) -> None:
        need("openssl")
        self.path = path
        self.ca = path / "ca.pem"
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=test ca", "-keyout", path / "ca.key", "-out", self.ca)

    def run(self, *args) -> None:
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    def sign(self, name: str, names: str = "IP:127.0.0.1,DNS:localhost") -> tuple[Path, Path]:
        key, request, cert = (self.path / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extra = self.path / f"{name}.ext"
        extra.write_text(f"subjectAltName={names}\n")
        self.run("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key,
                 "-out", request)
        self.run("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.path / "ca.key",
                 "-CAcreateserial", "-days", "2", "-extfile", extra, "-out", cert)
        return key, cert

    def pin(self, cert: Path) -> str:
        """The public key's hash, as --pin wants it."""
        key = subprocess.run(["openssl", "x509", "-in", cert, "-pubkey", "-noout"], check=True,
                             capture_output=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key,
                             check=True, capture_output=True).stdout
        import base64
        import hashlib
        return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


class Azurite(Server):
    """Azure Blob Storage as Microsoft emulates it. With tls it takes tokens of Entra too; it looks
    at what these say, not at who has signed them."""
    ACCOUNT = "devstoreaccount1"
    KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

    def __init__(self, tls: bool = False) -> None:
        need_module("azurite")
        super().__init__()
        self.tls = tls
        more: list[str] = []
        if tls:
            self.certificates = Certificates(self.path)
            key, cert = self.certificates.sign("azurite")
            more = ["--cert", str(cert), "--key", str(key), "--oauth", "basic"]
        data = self.path / "data"
        data.mkdir()
        self.start("node", str(MODULES / "azurite" / "dist" / "src" / "blob" / "main.js"),
                   "--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", str(data),
                   "--silent", "--disableTelemetry", "--skipApiVersionCheck", *more)
        self.endpoint = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/{self.ACCOUNT}"

    def env(self) -> dict[str, str]:
        return {"AZURE_STORAGE_ACCOUNT": self.ACCOUNT, "AZURE_STORAGE_KEY": self.KEY}

    def way(self) -> list[str]:
        return ["--ca", str(self.certificates.ca)] if self.tls else []

    def make_container(self, name: str) -> str:
        """Makes a container, as the account's owner would; gives its URL for mars."""
        ca = {"NODE_EXTRA_CA_CERTS": str(self.certificates.ca)} if self.tls else {}
        client("azure.mjs", "make", name, env=self.env() | ca | {"ENDPOINT": self.endpoint})
        return f"azblob://{self.ACCOUNT}/{name}"


class Ceph:
    """Ceph's gateway for S3, with all of Ceph behind it. One for all tests of a process."""

    def __init__(self, roles: bool = False) -> None:
        need("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool", "curl")
        self.path = Path(tempfile.mkdtemp(prefix="mars-ceph-"))
        self.env_ = os.environ | {"CEPH_DIR": str(self.path / "ceph"), "RGW_PORT": str(free_port()),
                                  "MON_PORT": str(free_port()), "CEPH_ROLES": "1" if roles else ""}
        done = subprocess.run(["bash", HERE / "ceph-rgw.sh", "start"], env=self.env_,
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"Ceph did not come up: {done.stderr[-2000:]}")
        self.told = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        self.endpoint = self.told["S3_ENDPOINT"]
        self.port = int(self.endpoint.rsplit(":", 1)[1])

    def env(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": self.told["S3_ACCESS_KEY"],
                "AWS_SECRET_ACCESS_KEY": self.told["S3_SECRET_KEY"],
                "AWS_REGION": self.told["S3_REGION"], "AWS_EC2_METADATA_DISABLED": "true"}

    def way(self) -> list[str]:
        return []

    def admin(self, *args: str) -> None:
        subprocess.run(["radosgw-admin", "-c", self.told["CEPH_CONF"], *args], check=True,
                       capture_output=True, timeout=60)

    def make_role(self, name: str) -> None:
        """One that the test's user may take, and that may use all buckets."""
        may_take = {"Effect": "Allow", "Action": ["sts:AssumeRole"],
                    "Principal": {"AWS": ["arn:aws:iam:::user/mars"]}}
        may_use = {"Effect": "Allow", "Action": ["s3:*"], "Resource": "arn:aws:s3:::*"}
        trust, policy = (json.dumps({"Version": "2012-10-17", "Statement": [x]})
                         for x in (may_take, may_use))
        self.admin("role", "create", f"--role-name={name}", f"--assume-role-policy-doc={trust}")
        self.admin("role-policy", "put", f"--role-name={name}", "--policy-name=all",
                   f"--policy-doc={policy}")

    def keys_of_role(self, name: str) -> dict[str, str]:
        """For a quarter of an hour, as instances and containers get them."""
        form = ("Action=AssumeRole&Version=2011-06-15&DurationSeconds=900&RoleSessionName=mars"
                f"&RoleArn=arn:aws:iam:::role/{name}")
        answer = subprocess.run(
            ["curl", "-sS", "--fail", "--noproxy", "*", "--max-time", "60", "--aws-sigv4",
             f"aws:amz:{self.told['S3_REGION']}:sts", "-u",
             f"{self.told['S3_ACCESS_KEY']}:{self.told['S3_SECRET_KEY']}", "-d", form,
             self.endpoint], check=True, capture_output=True, text=True).stdout
        values = {x.tag: x.text or "" for x in ElementTree.fromstring(answer).iter("*")}
        return {"AccessKeyId": values["AccessKeyId"], "Token": values["SessionToken"],
                "SecretAccessKey": values["SecretAccessKey"]}

    def make_container(self, name: str) -> str:
        client("s3.mjs", "make", name, env=self.env() | {"ENDPOINT": self.endpoint})
        return f"s3://{name}"

    def stop(self) -> None:
        subprocess.run(["bash", HERE / "ceph-rgw.sh", "stop"], env=self.env_, capture_output=True,
                       timeout=120)
        shutil.rmtree(self.path, ignore_errors=True)


def client(script: str, *args: str, env: dict[str, str], input: bytes = b"") -> bytes:
    """Run the vendor's own client."""
    need_module("@azure/storage-blob" if script == "azure.mjs" else "@aws-sdk/client-s3")
    done = subprocess.run(["node", str(HERE / script), *args], input=input, capture_output=True,
                          env=os.environ | env | {"MODULES": str(MODULES)}, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{script} {args}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


class Nginx(Server):
    """nginx with a configuration of the test's, on self.port."""

    def __init__(self, server: str, main: str = "") -> None:
        need("nginx")
        super().__init__()
        config = self.path / "nginx.conf"
        config.write_text(f"daemon off; pid {self.path}/pid; error_log {self.path}/error.log;\n"
                          f"worker_processes 1; {main}\nevents {{ }}\n"
                          f"http {{ access_log off; client_body_temp_path {self.path}/body;\n"
                          f"proxy_temp_path {self.path}/proxy; fastcgi_temp_path {self.path}/f;\n"
                          f"uwsgi_temp_path {self.path}/u; scgi_temp_path {self.path}/s;\n"
                          f"client_max_body_size 0;\n"
                          f"server {{ {server.replace('PORT', str(self.port))} }} }}\n")
        self.start("/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else "nginx", "-c",
                   str(config), "-p", str(self.path))


class Tinyproxy(Server):
    """A proxy that wants a user and a password."""
    USER, PASSWORD = "keeper", "pass.word-1"

    def __init__(self) -> None:
        need("tinyproxy")
        super().__init__()
        config = self.path / "tinyproxy.conf"
        config.write_text(f"Port {self.port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 100\n"
                          f"LogFile \"{self.path}/requests\"\nLogLevel Connect\n"
                          f"BasicAuth {self.USER} {self.PASSWORD}\n")
        self.start("tinyproxy", "-d", "-c", str(config))

    def requests(self) -> str:
        return (self.path / "requests").read_text(errors="replace")


class Postgres(Server):
    """A database server of no data yet that listens on a socket in its directory only."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if not found:
            raise unittest.SkipTest("PostgreSQL is not installed")
        super().__init__()
        self.bin = found[-1]
        # It refuses to run as root.
        who = {"user": "postgres", "group": "postgres", "extra_groups": []}
        if os.geteuid() == 0:
            shutil.chown(self.path, "postgres")
        else:
            who = {}
        data = self.path / "data"
        subprocess.run([self.bin / "initdb", "-D", data, "-U", "mars", "-A", "trust", "--no-sync",
                        "-E", "UTF8", "--locale=C.UTF-8"], cwd=self.path, check=True,
                       capture_output=True, timeout=120, **who)
        self.start(str(self.bin / "postgres"), "-D", str(data), "-k", str(self.path), "-F", "-c",
                   "listen_addresses=", cwd=self.path, **who)

    def wait(self, log: Path) -> None:
        end = time.monotonic() + 60
        while subprocess.run(self.client("pg_isready", "-q"), check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL did not come up: {log.read_text()[-2000:]}")
            time.sleep(0.05)

    def client(self, program: str, *args: str) -> list[str]:
        """How a program of PostgreSQL's is called to reach this server."""
        return [str(self.bin / program), "-h", str(self.path), "-U", "mars", *args]
