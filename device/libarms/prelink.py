"""Usage: prelink.py LD OBJCOPY AR OUTPUT WORKDIR ARCHIVE...

Links the archives into one relocatable object, leaves only the symbols arms_* global, and puts it
into the archive OUTPUT. The first archive counts whole, of the others what it needs.
"""
import os
import subprocess
import sys


def run(*command):
    subprocess.run(command, check=True)


def main():
    ld, objcopy, ar, output, work, *archives = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    linked = os.path.join(work, "libarms.o")
    run(ld, "-r", "-o", linked, "--whole-archive", archives[0], "--no-whole-archive", *archives[1:])
    run(objcopy, "--wildcard", "--keep-global-symbol=arms_*", linked)
    if os.path.exists(output):
        os.remove(output)
    run(ar, "rcs", output, linked)


if __name__ == "__main__":
    main()
