"""Where the engines of tests keep their data."""
import os
import pathlib
import tempfile

MEMORY = pathlib.Path("/dev/shm")
ENOUGH_BYTES = 4 << 30


def make_directory(prefix):
    """
    In memory where the machine has plenty: no test outlives its machine, and a file system that
    has to find a place on a disk for each of the thousand files of a database takes several times
    the processor time. Short, for a socket's path may have 107 bytes.
    """
    return pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if is_plenty() else "/tmp"))


def is_plenty():
    try:
        found = os.statvfs(MEMORY)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= ENOUGH_BYTES and os.access(MEMORY, os.W_OK | os.X_OK)
