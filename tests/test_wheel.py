"""What a user installs is what stands in the tree: built from git's own archive, so that stale files cannot hide."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
PACKAGE_DIRS = ("connectors", "rules", "engine", "cli")


def run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files of this checkout, as git would hand them out."""
    folder = tmp_path_factory.mktemp("tree")
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def built(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), cwd=tree)
    return out


def package_files(tree: Path) -> set[str]:
    """Every file of the package as the wheel should hold it."""
    top = {tree / "__init__.py", tree / "__main__.py", tree / "py.typed", tree / "rules.example.yaml"}
    below = {file for name in PACKAGE_DIRS for file in (tree / name).rglob("*") if file.is_file()}
    return {f"makegood/{file.relative_to(tree)}" for file in top | below}


def test_wheel_holds_exactly_the_package(tree: Path, built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert names == package_files(tree)


def test_sdist_holds_every_tracked_file(tree: Path, built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as tar:
        names = {member.name.partition("/")[2] for member in tar.getmembers() if member.isfile()}
    ours = {str(file.relative_to(tree)) for file in tree.rglob("*") if file.is_file()}
    missing = {name for name in ours - names if not name.startswith(".")}
    assert missing == set()


def test_installed_wheel_runs_outside_the_tree(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    target = tmp_path / "site"
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(target),
        str(wheel),
        cwd=tmp_path,
    )
    env = {"PYTHONPATH": str(target), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    where = run(sys.executable, "-c", "import makegood; print(makegood.__file__)", cwd=tmp_path, env=env)
    assert Path(where.strip()).is_relative_to(target)
    demo = run(sys.executable, "-m", "makegood", "demo", "desk", cwd=tmp_path, env=env)
    assert "plan" in demo
