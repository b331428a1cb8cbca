"""A PostgreSQL of a test's own: in a temporary directory, on a Unix socket.

As a module: `with PgServer() as pg: ... pg.url("name") ... pg.kill(); pg.start()`.
As a program (for tests in C): prints `ready DIRECTORY`, then obeys lines on its input, each
answered by `ok`: `kill` (SIGKILL to the postmaster, as a crash), `stop` (fast), `start`,
`create NAME` and `drop NAME` (a database), `sql STATEMENT`. At the end of its input, which is also the death of
the test, the server is stopped and the directory removed.

With a password it listens on a port of loopback, too: SCRAM there, TLS under a certificate for
127.0.0.1 and localhost (`certificate`) until `tls(False)`.

PostgreSQL does not run as root: a test that does gives it another user. However the test ends, the
server ends with it and the directory goes.
"""

import ctypes
import glob
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import instance

PR_SET_PDEATHSIG = 1
START_S = 60
INITDB = ("--auth-local=trust", "--auth-host=scram-sha-256", "-U", "reeve", "-E", "UTF8", "--no-locale",
          "-N", "--wal-segsize=1")


def find_bin():
    """The directory of initdb and postgres, the newest; None: not installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"),
                   key=lambda p: int(p.split("/")[4]))
    if found:
        return os.path.dirname(found[-1])
    path = shutil.which("postgres")
    return path and os.path.dirname(os.path.realpath(path))


def other_user():
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise SystemExit("no user to run PostgreSQL as")


# Waits for the end of its input, which is that of the test.
JANITOR = """trap '' HUP INT TERM
cat >/dev/null
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	rm -rf "$0" 2>/dev/null
	[ -e "$0" ] || exit 0
	sleep 0.5
done"""


class PgServer:
    def __init__(self, options=(), password=None):
        self.janitor = None
        self.bin = find_bin()
        if not self.bin:
            raise RuntimeError("PostgreSQL is not installed")
        self.user = other_user() if os.getuid() == 0 else None
        self.dir = tempfile.mkdtemp(prefix="rvpg-", dir="/tmp")  # a socket's path is short
        self.options = list(options)
        self.process = None
        self.password = password
        self.port = instance.free_ports(1)[0] if password else 5432
        try:
            self.janitor = subprocess.Popen(["/bin/sh", "-c", JANITOR, self.dir], cwd="/",
                                            stdin=subprocess.PIPE, start_new_session=True)
            if self.user:
                os.chown(self.dir, self.user.pw_uid, self.user.pw_gid)
            # The tests' own user, whoever that is: the socket lies where others find it.
            os.chmod(self.dir, 0o755)
            self._make_data()
            if password:
                self._certify()
            self.start()
            if password:
                self.sql("postgres", f"ALTER USER reeve PASSWORD '{password}'")
        except BaseException:
            self.close()
            raise

    data = property(lambda self: self.dir + "/data")
    certificate = property(lambda self: self.dir + "/server.crt")

    def _make_data(self):
        """A copy of the first one that was made in this build: initdb takes seconds of a core."""
        template = self._template()
        if os.path.isdir(template):
            shutil.copytree(template, self.data)
            if self.user:
                for path, names, files in os.walk(self.data):
                    for name in [".", *names, *files]:
                        os.chown(f"{path}/{name}", self.user.pw_uid, self.user.pw_gid)
            return
        self._run("initdb", "-D", self.data, *INITDB)
        made = f"{template}.{os.getpid()}"
        try:
            shutil.copytree(self.data, made)
            os.rename(made, template)
        except OSError:  # another test was faster, or the build is not ours to write in
            shutil.rmtree(made, ignore_errors=True)

    def _template(self):
        """Of this server and these options; a file of its maker's alone."""
        program = os.stat(self.bin + "/initdb")
        facts = repr((self.bin, program.st_mtime_ns, os.getuid(), INITDB))
        return f"{instance.BUILD}/pg-template-{hashlib.sha256(facts.encode()).hexdigest()[:16]}"

    def _certify(self):
        key = self.dir + "/server.key"
        subprocess.run(["openssl", "req", "-x509", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-subj", "/CN=localhost", "-days", "2",
                        "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key,
                        "-out", self.certificate], check=True, capture_output=True)
        os.chmod(key, 0o600)
        if self.user:
            os.chown(key, self.user.pw_uid, self.user.pw_gid)
        self.options += ["-c", f"ssl_cert_file={self.certificate}", "-c", f"ssl_key_file={key}"]
        with open(self.data + "/postgresql.auto.conf", "a", encoding="utf-8") as f:
            f.write("ssl = on\n")

    def tls(self, is_on):
        """For connections from now on."""
        self.sql("postgres", f"ALTER SYSTEM SET ssl = {'on' if is_on else 'off'}")
        self.sql("postgres", "SELECT pg_reload_conf()")
        end = time.monotonic() + START_S
        while self.sql("postgres", "SHOW ssl") != [["on" if is_on else "off"]]:
            if time.monotonic() > end:
                raise RuntimeError("ssl does not change")
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _env(self):
        return {"PATH": self.bin + ":/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": self.dir}

    def _become(self):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
        if self.user:
            os.setgroups([])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
            # A change of user forgets it.
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)

    def _run(self, program, *args):
        result = subprocess.run([f"{self.bin}/{program}", *args], env=self._env(), cwd=self.dir,
                                preexec_fn=self._become, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"{program}: {result.stdout}{result.stderr}")

    def _is_up(self):
        return subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.dir, "-p", str(self.port)],
                              env=self._env()).returncode == 0

    def start(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with open(self.dir + "/log", "a") as log:
                self.process = subprocess.Popen(
                    [f"{self.bin}/postgres", "-D", self.data, "-p", str(self.port),
                     "-c", f"listen_addresses={'127.0.0.1' if self.password else ''}",
                     "-c", f"unix_socket_directories={self.dir}", "-c", "max_connections=40",
                     "-c", "shared_buffers=64MB", "-c", "autovacuum=off",
                     # What a crash of the machine needs; here only processes crash.
                     "-c", "full_page_writes=off", "-c", "checkpoint_timeout=1h", *self.options],
                    env=self._env(), cwd=self.dir, preexec_fn=self._become,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
            while self.process.poll() is None and time.monotonic() < end:
                if self._is_up():
                    return
                time.sleep(0.02)
            time.sleep(0.1)  # after a crash: the dead one's children still hold its memory
        with open(self.dir + "/log") as log:
            raise RuntimeError("PostgreSQL does not start:\n" + log.read()[-2000:])

    def _end(self, sig):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
        if self.process:
            self.process.wait()
        self.process = None

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGINT)

    def create(self, name):
        self._run("createdb", "-h", self.dir, "-p", str(self.port), "-U", "reeve", name)

    def drop(self, name):
        self._run("dropdb", "-h", self.dir, "-p", str(self.port), "-U", "reeve", "--force", name)

    def sql(self, database, text):
        """Rows as lists of texts."""
        result = subprocess.run([f"{self.bin}/psql", "-h", self.dir, "-p", str(self.port),
                                 "-U", "reeve", "-d", database,
                                 "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text],
                                env=self._env(), capture_output=True, text=True, check=True)
        return [line.split("|") for line in result.stdout.splitlines()]

    def url(self, database):
        return f"postgresql:host={self.dir} port={self.port} user=reeve dbname={database}"

    def close(self):
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.dir, ignore_errors=True)
        if self.janitor:
            self.janitor.communicate()


class StoredInstance(instance.Instance):
    """A Reeve whose stores are where REEVE_TEST_DB says: postgresql: in a database `name` of a server made
    for it. Ends the test where PostgreSQL is not installed."""

    def __init__(self, name, conf=None):
        conf, self.database = conf or {}, None
        if os.environ.get("REEVE_TEST_DB") == "postgresql":
            if not find_bin():
                print("1..0 # SKIP PostgreSQL is not installed")
                sys.exit(0)
            self.database = PgServer()
            self.database.create(name)
            for section in ("rs", "ls"):
                conf.setdefault(section, {})["store"] = self.database.url(name)
        super().__init__(conf)

    def remove(self):
        super().remove()
        if self.database:
            self.database.close()


def main():
    if not find_bin():
        print("missing", flush=True)
        return 0
    with PgServer(sys.argv[1:]) as pg:
        print("ready", pg.dir, flush=True)
        for line in sys.stdin:
            verb, _, rest = line.strip().partition(" ")
            if verb == "sql":
                pg.sql("postgres", rest)
            else:
                getattr(pg, verb)(*rest.split())
            print("ok", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
