"""Three devices of two models that boot in two stages: the part of the demo's story that is theirs."""
import os

from boots import Device

E1, X9 = "EdgeBox E1", "EdgeBox X9"
EMBEDDED = {E1: "setup@e1.maker.example", X9: "setup@x9.maker.example"}
MISTYPED, CORRECT = "brunch-3@isp.example", "branch-3@isp.example"
# Who gets which address: the embedded accounts one of 127.66, the subscribers of the ISP one of 127.77.
ACCOUNTS = {EMBEDDED[E1]: "127.66.1.1", EMBEDDED[X9]: "127.66.2.1", "branch-1@isp.example": "127.77.0.1",
            CORRECT: "127.77.0.3"}
BOXES = {  # name: model, distribution id, module 1: the line of stage 2
    "branch-1": (E1, "0001-0000-C0DE-0091-0000-0000-0000-0001", "line dhcp\naccount branch-1@isp.example\n"),
    "branch-2": (E1, "0001-0000-C0DE-0091-0000-0000-0000-0002",
                 "line static\naddress 127.77.0.2/32\ngateway 127.77.0.254\naccount contract-4711\n"),
    "branch-3": (X9, "0001-0000-C0DE-0092-0000-0000-0000-0003", f"line dhcp\naccount {MISTYPED}\n"),
}
KEY = "printed-on-the-label-0815"


class Fleet:
    def __init__(self, story):
        self.story, self.reeve = story, story.reeve
        self.dir = os.path.join(story.dir, "fleet")
        self.devices = {}
        self.versions = {}
        os.mkdir(self.dir)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path

    def give(self, name, line):
        version = self.reeve.ctl("config", "set", BOXES[name][1], "startup", "--module",
                                 f"1,version=1.0,info=line={self.write(name + '.line', line)}", "--module",
                                 f"2,version=1.0,info=edge-os={self.write(name + '.conf', f'hostname {name}' + chr(10))}")
        self.versions[name] = version["version"]["id"]

    def register(self):
        for name, (model, distid, line) in BOXES.items():
            self.reeve.ctl("device", "create", distid, "--ls-key", KEY, "--description", f"{name}, {model}", "--wait-ls")
            self.give(name, line)
        self.story.say("The operator registers three devices of two models, before they are plugged in",
                       *(f"{distid}  {model}  {name}: {'; '.join(line.splitlines())}"
                         for name, (model, distid, line) in BOXES.items()))

    def plug_in(self):
        accounts = self.write("accounts", "".join(f"{a} {ip}\n" for a, ip in ACCOUNTS.items()))
        for name, (model, distid, _) in BOXES.items():
            self.devices[name] = Device(
                os.path.join(self.dir, name), distid, f"https://{self.reeve.listening['ls']}/arms.cgi",
                os.path.join(self.reeve.state, "pki", "ls-root.crt"),
                [f"key {KEY}", f"model {model}", "interface wan0", f"account {EMBEDDED[model]}", "line dhcp", "retry 1"],
                driver="line-loopback", env={"LOOPBACK_ACCOUNTS": accounts})

    def boot(self):
        """All but the one whose config has a mistake."""
        self.plug_in()
        lines = []
        for name in ("branch-1", "branch-2"):
            self.devices[name].wait_for("in service")
            lines += self.evidence(name)
        self.story.say(
            "The registered ones boot in two stages: the embedded account to LS and RS, then that of the ISP in their config",
            "Lines are simulated here, so that it needs no root: a line is an address of 127.0.0.0/8 that an account gets.",
            "test/e2e/test_boot.py has real ones, dhcp and static, in network namespaces: there stage 1 is a walled garden.",
            *lines)

    def correct(self):
        device = self.devices["branch-3"]
        failed = device.lines[device.wait_for("back to stage 1")]
        told = self.story.wait_for("branch-3 to say why", self.reason)
        self.give("branch-3", BOXES["branch-3"][2].replace(MISTYPED, CORRECT))
        device.wait_for("in service")
        self.story.say("One config names an account that the ISP does not know: the device is back in stage 1 and says why",
                       f"branch-3  | {failed}", f"pull {told['id']} from {told['address']}: trigger \"{told['trigger']}\"",
                       f"the operator corrects it: account {CORRECT}", *self.evidence("branch-3"))
        self.story.fact("a device whose ISP account is wrong returns to stage 1, reports it, and comes up when it is corrected",
                        told["address"].startswith("127.66."), told["trigger"])

    def reason(self):
        return next((p for p in self.pulls("branch-3") if p["trigger"].startswith("stage 2: ")), None)

    def pulls(self, name):
        return self.reeve.ctl("pull", "list", "--distid", BOXES[name][1])["pulls"]

    def seen(self, name):
        """Whence the RS was asked for the first config, and what it heard last."""
        device = self.reeve.ctl("device", "show", BOXES[name][1])["device"]
        return self.pulls(name)[-1]["address"], device["last_address"]

    def evidence(self, name):
        pulled, asked = self.seen(name)
        return [*(f"{name}  | {line}" for line in self.devices[name].said()[-5:]),
                f"{name}: the RS saw the first pull come from {pulled}, the method query from {asked}"]

    def judge(self):
        """The facts about all three."""
        seen = [self.seen(name) for name in BOXES]
        running = [self.reeve.ctl("config", "show", distid, "running")["version"]["id"] == self.versions[name]
                   for name, (_, distid, _) in BOXES.items()]
        files = [f for d in self.devices.values() for f in d.open_files()]
        self.story.fact("three devices of two models pulled in stage 1 and are in service in stage 2",
                        all(p.startswith("127.66.") and q.startswith("127.77.") for p, q in seen),
                        f"accounts {EMBEDDED[E1]}, {EMBEDDED[X9]} -> those of the ISP")
        self.story.fact("the RS knows that each of them runs its startup config", all(running), f"{sum(running)} of 3")
        self.story.fact("none of them has a file open or may write one",
                        not files and all(d.process.poll() is None for d in self.devices.values()), "RLIMIT_FSIZE 0")

    def stop(self):
        for device in self.devices.values():
            device.stop()
