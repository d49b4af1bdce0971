"""common/database and api/pool against a real server: the programs database_test, database_async_test and pool_test hold the cases."""
import subprocess

import pytest

from programs import base_environment, build_directory


@pytest.mark.parametrize("program", ["database_test", "database_async_test", "pool_test"])
def test_database_against_a_real_server(program, migrated_database):
    done = subprocess.run([build_directory() / "tests/system" / program], text=True,
                          env={**base_environment(), "DATABASE_URL": migrated_database()}, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
