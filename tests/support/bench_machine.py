"""What a benchmark says beside its figures: what the machine takes at that time for what everybody knows."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from nacl.signing import SigningKey

DOCS = Path(__file__).parents[2] / "docs"
Figures = dict[str, float]
Targets = Mapping[tuple[str, str], float]
"""By measure and figure: at most so much, but for what is counted in a second (`_per_s`): at least."""


def reference(folder: Path) -> Figures:
    """The CPU of an Ed25519 signature that is made and checked, and the time of an fsync of 4 KiB."""
    key = SigningKey(bytes(32))
    began = time.process_time()
    for _ in range(250):
        key.verify_key.verify(key.sign(b"x" * 64))
    return {"sign_and_verify_us": (time.process_time() - began) * 4000, "fsync_ms": _fsync_ms(folder)}


def _fsync_ms(folder: Path) -> float:
    times = []
    with (folder / "probe").open("wb") as probe:
        for _ in range(50):
            probe.write(b"x" * 4096)
            began = time.perf_counter()
            probe.flush()
            os.fsync(probe.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def beside(before: Figures, figures: Figures, after: Figures) -> Figures:
    """Figures, with the machine's of before and after their measure."""
    return {**figures, **{f"machine_{name}": (before[name] + after[name]) / 2 for name in before}}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def shown(figures: Figures) -> str:
    """On one line."""
    return ", ".join(f"{name} {value:.2f}" for name, value in figures.items())


def write(name: str, title: str, about: str, results: Mapping[str, Figures], targets: Targets) -> None:
    """Write `docs/NAME.json`, and `docs/NAME.md` with a row for each figure beside its target.

    What was measured before and not now stays.
    """
    kept = DOCS / f"{name}.json"
    results = {**(json.loads(kept.read_text()) if kept.exists() else {}), **results}
    (DOCS / f"{name}.json").write_text(json.dumps(results, indent=2) + "\n")
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    head = f"# {title}\n\nMeasured by `make bench` on {machine}.\n\n{about}\n"
    columns = ("what", "figure", "value", "target", "signature", "fsync")
    rows = [f"| {' | '.join(columns)} |", "| --- | --- | ---: | --- | ---: | ---: |"]
    for what, figures in results.items():
        sign, sync = (figures[f"machine_{name}"] for name in ("sign_and_verify_us", "fsync_ms"))
        rows += [
            f"| {what} | {figure.replace('_', ' ')} | {value:,.2f} | {_judged(what, figure, value, targets)} "
            f"| {sign:.0f} | {sync:.1f} |"
            for figure, value in figures.items()
            if not figure.startswith("machine_")
        ]
    (DOCS / f"{name}.md").write_text(f"{head}\n" + "\n".join(rows) + "\n")


def _judged(what: str, figure: str, value: float, targets: Targets) -> str:
    if (target := targets.get((what, figure))) is None:
        return ""
    least = figure.endswith("_per_s")
    met = value >= target if least else value <= target
    return f"{'≥' if least else '≤'} {target:g}: {'met' if met else 'missed'}"
