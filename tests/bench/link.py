"""run.sh link: a backup and a restore over a slow link, to Ceph's S3, beside restic."""
from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import alone
import measure
from engines import Mars, Restic, Tools

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "servers"))

from faultproxy import Proxy  # noqa: E402
from servers import Ceph  # noqa: E402

RATE, DELAY = 200e6 / 8, 0.04
SHARE, CURL = 0.85, 0.97


def curl(ceph: Ceph, port: int, file: Path, size: int) -> tuple[float, float]:
    """Shares of the link that curl reaches with one large object, up and down."""
    sign = ["--aws-sigv4", f"aws:amz:{ceph.told['S3_REGION']}:s3", "-u",
            f"{ceph.told['S3_ACCESS_KEY']}:{ceph.told['S3_SECRET_KEY']}",
            "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--expect100-timeout", "0.01",
            "--max-time", "120"]
    url = f"http://127.0.0.1:{port}/{ceph.told['S3_BUCKET']}/probe"
    shares = []
    for way in (["-T", str(file)], ["-o", "/dev/null"]):
        began = time.monotonic()
        subprocess.run(["curl", "-sS", "--fail", "--noproxy", "*", *sign, *way, url], check=True)
        shares.append(size / (time.monotonic() - began) / RATE)
    return shares[0], shares[1]


class MarsOverS3(Mars):
    def __init__(self, tools: Tools, scratch: Path, ceph: Ceph, port: int) -> None:
        super().__init__(tools, scratch)
        self.env = ceph.env()
        self.url = f"s3://{ceph.told['S3_BUCKET']}/mars"
        self.place = ["--endpoint", f"http://127.0.0.1:{port}"]

    def setup(self) -> None:
        super(Mars, self).setup()
        credentials, secret = self.scratch / "credentials", self.scratch / "passphrase"
        secret.write_text("correct horse battery staple", encoding="ascii")
        self.call(self.tools.mars, "vault", "create", self.url, *self.place)
        self.call(self.tools.mars, "vault", "credentials", self.url, "--out", credentials,
                  *self.place)
        self.call(*self.mars("register", "--credentials", str(credentials), "--name", "bench",
                             "--passphrase-file", str(secret)))


class ResticOverS3(Restic):
    def __init__(self, tools: Tools, scratch: Path, ceph: Ceph, port: int) -> None:
        super().__init__(tools, scratch)
        self.env |= ceph.env()
        self.vault = f"s3:http://127.0.0.1:{port}/{ceph.told['S3_BUCKET']}/restic"


def run(engine, tree: Path, proxy: Proxy, checks: alone.Checks, held: bool) -> list[float]:
    walls = []
    for phase, link in (("first", proxy.up), ("restore", proxy.down)):
        before = link.total
        sample = engine.run(phase, tree)
        share = (link.total - before) / sample.wall / RATE
        walls.append(sample.wall)
        what = f"{engine.name}, {phase}: share of the link"
        if held:
            checks.least(what, share, SHARE)
        else:
            checks.note(what, share)
        checks.note(f"{engine.name}, {phase}: seconds", sample.wall)
    return walls


def main(tools: Tools, argv: list[str]) -> int:
    o = alone.options("link", __doc__, 1).parse_args(argv)
    checks = alone.Checks()
    ceph = Ceph()
    try:
        with alone.scratch(o.dir) as place, \
             alone.tree(tools, "mixed", 0.5 * o.scale, place) as tree, \
             Proxy("127.0.0.1", ceph.port, delay=DELAY, rate=RATE) as proxy:
            probe = place / "probe"
            size = int(512e6 * o.scale)
            probe.write_bytes(bytes(size))
            for way, share in zip(("up", "down"), curl(ceph, proxy.port, probe, size)):
                checks.least(f"curl, {way}: share of the link", share, CURL)
            walls = {}
            for kind, held in ((MarsOverS3, True), (ResticOverS3, False)):
                engine = kind(tools, place / kind.name, ceph, proxy.port)
                if engine.missing():
                    print(f"without {engine.name}: {engine.missing()}")
                    continue
                engine.setup()
                walls[engine.name] = run(engine, tree.path, proxy, checks, held)
                engine.remove()
            for i, phase in enumerate(("first", "restore")):
                if "restic" in walls:
                    checks.most(f"{phase}: wall / restic", walls["mars"][i] / walls["restic"][i], 1)
    finally:
        ceph.stop()
    return checks.end({}, o.json)
