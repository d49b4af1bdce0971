"""What tests need of npm: a folder with a lock file, installed once into the build folder."""
import fcntl
import shutil
import subprocess

from programs import build_directory


def install(package):
    """The node_modules of a folder with package.json and package-lock.json. No script of a package runs."""
    folder = build_directory() / package.name
    folder.mkdir(exist_ok=True)
    with open(folder / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (package / "package-lock.json").read_bytes()
        installed = folder / ".installed"
        if not installed.exists() or installed.read_bytes() != wanted:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(package / name, folder)
            done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                                  cwd=folder, text=True, capture_output=True, timeout=300, check=False)
            assert done.returncode == 0, f"npm ci of {package.name}, is the registry in reach? {done.stdout}{done.stderr}"
            installed.write_bytes(wanted)
    return folder / "node_modules"
