"""The wall clock that a program sees: it can be set while the program runs."""
import os
import pathlib
import struct
import subprocess

from programs import build_directory, program_path


def sanitizer_libraries(program):
    """They insist on being loaded first."""
    lines = subprocess.run(["ldd", program_path(program)], capture_output=True, text=True, check=True).stdout
    return [line.split()[2] for line in lines.splitlines() if "libasan" in line]


class SteppedClock:
    """
    For the programs that are started with `environment()`. Time that has passed (CLOCK_MONOTONIC)
    stays as it is: so does a machine's when somebody sets its clock, and when it has slept.
    """

    def __init__(self, directory):
        self.file = pathlib.Path(directory) / "clock"
        self.step_to(0)

    def step_to(self, offset_s):
        """So many seconds away from the true time; programs see it at their next look."""
        new = self.file.with_suffix(".new")
        new.write_bytes(struct.pack("=q", offset_s))
        os.replace(new, self.file)  # never half a number

    def environment(self, program="tidemark-scheduler"):
        library = build_directory() / "tests/system/libstepped_clock.so"
        return {"LD_PRELOAD": ":".join([*sanitizer_libraries(program), str(library)]),
                "STEPPED_CLOCK": str(self.file)}
