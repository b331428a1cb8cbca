"""Reeve with a library preloaded into all its processes. It hands its duties no such variable, so they
are started by little scripts that set it."""
import os


def libexec(directory, real, environment):
    """A new libexec directory of such scripts for the duties in `real`; its path."""
    os.mkdir(directory)
    for name in os.listdir(real):
        if name.startswith("reeve-") and "." not in name and os.access(os.path.join(real, name), os.X_OK):
            path = os.path.join(directory, name)
            with open(path, "w", encoding="ascii") as f:
                f.write("#!/bin/sh\n" + "".join(f"{k}='{v}' " for k, v in environment.items()) +
                        f"exec '{os.path.join(real, name)}' \"$@\"\n")
            os.chmod(path, 0o755)
    return directory


def start(reeve, environment):
    """Start an Instance so; not for two at a time."""
    more = {**environment, "REEVE_LIBEXEC": libexec(os.path.join(reeve.dir, "libexec"),
                                                   os.path.dirname(reeve.reeve), environment)}
    before = dict(os.environ)
    os.environ.update(more)
    try:
        reeve.start(wait=False)
    finally:
        os.environ.clear()
        os.environ.update(before)
    reeve.wait_ready()
