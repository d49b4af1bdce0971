"""Where the engines of tests keep their data, and what becomes of both when the tests are killed."""
import os
import pathlib
import subprocess
import tempfile

MEMORY = pathlib.Path("/dev/shm")
ENOUGH_BYTES = 4 << 30

# Reads until this process is gone, however it went: nobody else holds the other end of the pipe. By
# then a directory that was removed in time has no file of a pid any more.
KEEPER = """
cat >/dev/null
for file in "$1/data/postmaster.pid" "$1/pid"; do
    [ ! -e "$file" ] || kill -KILL "$(head -n 1 "$file")"
done
rm -rf "$1"
"""
KEEPERS = []


def make_directory(prefix):
    """
    In memory where the machine has plenty: no test outlives its machine, and a file system that
    has to find a place on a disk for each of the thousand files of a database takes several times
    the processor time. Short, for a socket's path may have 107 bytes.
    """
    directory = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if is_plenty() else "/tmp"))
    KEEPERS.append(subprocess.Popen(["sh", "-c", KEEPER, "keeper", directory], stdin=subprocess.PIPE,
                                    start_new_session=True))
    return directory


def is_plenty():
    try:
        found = os.statvfs(MEMORY)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= ENOUGH_BYTES and os.access(MEMORY, os.W_OK | os.X_OK)
