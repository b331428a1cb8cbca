"""Networks of a test's own: namespaces with wires between them, as root or as an ordinary user.

    reason = netns.enter()      # at the start of a program: it begins again inside, or says why not
    isp = netns.Space()         # beside the one that the program is in now
    netns.wire("inet0", None, "up0", isp)
    isp.run("ip", "addr", "add", "192.0.2.1/24", "dev", "up0")

Namespaces end with the program, whatever becomes of it.
"""
import os
import subprocess
import sys

INSIDE = "REEVE_TEST_NETNS"
PROBE = ("ip link set lo up && ip link add probe0 type veth peer name probe1 && ip link del probe0 && "
         "nft add table inet probe && nft delete table inet probe && echo 1 >/proc/sys/net/ipv4/ip_forward")


def enter():
    """Returns None inside; a reason when this machine does not let us."""
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if os.environ.get(INSIDE):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return None
    ways = [["unshare", "--user", "--net", "--map-current-user", "--keep-caps"]]
    if os.geteuid() == 0:
        ways.insert(0, ["unshare", "--net"])
    said = ""
    for way in ways:
        done = subprocess.run([*way, "sh", "-c", PROBE], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp(way[0], [*way, sys.executable, *sys.argv])
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return f"no network namespaces for this user: {said}"


class Space:
    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up; echo; read -r _"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdout.readline()

    def command(self, *command):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *command]

    def run(self, *command, stdin=None):
        """The output; a failure is an exception that shows it."""
        done = subprocess.run(self.command(*command), input=stdin, capture_output=True, text=True, check=False,
                              timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def end(self):
        self.holder.stdin.close()
        self.holder.wait(20)
        self.holder.stdout.close()


def wire(name, space, other_name, other_space):
    """A cable: one end here or there (None: in the program's own namespace)."""
    def place(s):
        return [] if s is None else ["netns", str(s.holder.pid)]
    subprocess.run(["ip", "link", "add", name, *place(space), "type", "veth", "peer", "name", other_name,
                    *place(other_space)], check=True)
    for end, s in ((name, space), (other_name, other_space)):
        up = ["ip", "link", "set", end, "up"]
        subprocess.run(up if s is None else s.command(*up), check=True)
