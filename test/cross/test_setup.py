#!/usr/bin/env python3
"""The device library can be configured alone (-Ddevice_only=true): nothing that its build reads asks for a server's part."""
import os
import subprocess
import sys
import tempfile

SOURCE = os.environ["REEVE_SRC"]
sys.path.insert(0, os.path.join(SOURCE, "test", "support"))

import tap  # noqa: E402
from tap import equal, test  # noqa: E402


@test
def the_device_library_is_configured_alone():
    with tempfile.TemporaryDirectory(prefix="reeve-device-only-") as folder:
        done = subprocess.run(["meson", "setup", folder, SOURCE, "-Ddevice_only=true"], capture_output=True, text=True,
                              check=False)
        equal(done.returncode, 0, "\n".join(done.stdout.splitlines()[-8:]) + done.stderr)


if __name__ == "__main__":
    tap.main()
