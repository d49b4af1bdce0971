"""common/database against a real server: the program database_test holds the cases."""
import subprocess

from postgres_server import postgres_server
from programs import base_environment, build_directory, run_program


def test_database_against_a_real_server():
    with postgres_server() as server:
        url = server.create_database()
        run_program("tidemark-migrate", {"DATABASE_URL": url}, "up")
        done = subprocess.run([build_directory() / "tests/system/database_test"], text=True,
                              env={**base_environment(), "DATABASE_URL": url}, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout
