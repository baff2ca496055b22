"""Try a built wheel as a stranger would: in an environment of its own, from outside the checkout.

Usage: try_wheel.py WHEEL
"""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
PACKAGES = {"swarmnode", "swarm_protocol", "swarm_bridges"}


def top_level(wheel: Path) -> set[str]:
    """Names at the top of the wheel, its metadata folder left out."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name.split("/")[0] for name in archive.namelist()}
    return {name for name in names if not name.endswith(".dist-info")}


def install_and_import(wheel: Path, folder: Path) -> None:
    """Install the locked dependencies and the wheel, then import each package with warnings as errors."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = CHECKOUT / "requirements" / "run.txt"
    subprocess.run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", lock], check=True)
    subprocess.run([*pip, "--no-deps", wheel.resolve()], check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    program = "import " + ", ".join(sorted(PACKAGES)) + ", swarm_protocol.mls"
    subprocess.run([python, "-W", "error", "-c", program], check=True, cwd=folder)


def main(wheel: Path) -> int:
    found = top_level(wheel)
    if found != PACKAGES:
        print(f"{wheel.name} holds {sorted(found)} and should hold {sorted(PACKAGES)}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        install_and_import(wheel, Path(folder))
    print(f"{wheel.name}: holds {', '.join(sorted(PACKAGES))}; installs and imports")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
