"""Try a built wheel as a stranger would: in an environment of its own, from outside the checkout, to a home.

Usage: try_wheel.py WHEEL
"""

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
PACKAGES = {"swarmnode", "swarm_protocol", "swarm_bridges"}
ENVIRONMENT = {**os.environ, "SWARMNODE_PASSPHRASE": "of nobody"}


def top_level(wheel: Path) -> set[str]:
    """Names at the top of the wheel, its metadata folder left out."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name.split("/")[0] for name in archive.namelist()}
    return {name for name in names if not name.endswith(".dist-info")}


def install_and_use(wheel: Path, folder: Path) -> None:
    """Install the locked dependencies and the wheel, import each package strictly, and make a home."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = CHECKOUT / "requirements" / "run.txt"
    subprocess.run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", lock], check=True)
    subprocess.run([*pip, "--no-deps", wheel.resolve()], check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    program = "import " + ", ".join(sorted(PACKAGES)) + ", swarm_protocol.mls"
    subprocess.run([python, "-W", "error", "-c", program], check=True, cwd=folder)
    command: list[str | Path] = [
        folder / "venv" / "bin" / "swarmnode",
        "--home",
        folder / "home",
        "init",
        "--json",
    ]
    subprocess.run(command, check=True, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL)


def main(wheel: Path) -> int:
    found = top_level(wheel)
    if found != PACKAGES:
        print(f"{wheel.name} holds {sorted(found)} and should hold {sorted(PACKAGES)}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        install_and_use(wheel, Path(folder))
    print(f"{wheel.name}: holds {', '.join(sorted(PACKAGES))}; installs, imports, and makes a home")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
