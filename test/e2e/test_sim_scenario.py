#!/usr/bin/env python3
"""Scenarios of `reeve sim` on a whole Reeve: what the file says befalls the fleet, and is told."""
import json
import os
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import simfleet  # noqa: E402
import tap  # noqa: E402
from instance import Instance  # noqa: E402
from simfleet import NOT_UP, UP, USAGE, count  # noqa: E402
from tap import check, equal, test  # noqa: E402

FLEET, SEED = 80, 3
SPREAD = 'arrival { how = uniform over = 2s }\n'
BUSY = {"closed before TLS"}  # what servers above their bound do; result code 301 is the other
SVG = "{http://www.w3.org/2000/svg}"
reeve = None


def setup():
    global reeve
    reeve = Instance({"proxy": {"workers": 2}, "ls": {"workers": 2},
                      "rs": {"rs_retry_interval": "1s", "rs_retry_max": 1000}}).start()
    simfleet.register(reeve, SEED, FLEET)


def teardown():
    reeve.remove()


def scenario(text):
    path = os.path.join(reeve.dir, "test.scenario")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def play(text):
    """Until all are up and nothing is left to come."""
    return simfleet.play(reeve, SEED, FLEET, "--scenario", scenario(text), "--duration", "250", "--until-up")


def of_kind(events, kind):
    return [e for e in events if e["event"] == kind]


def devices_of(events):
    return {e["device"] for e in events}


def phase_after(events, cut):
    """Whom the device asks first then. What befalls one device is told in order."""
    later = events[events.index(cut) + 1:]
    return next(e for e in later if e["event"] == "asks" and e["device"] == cut["device"])["phase"]


def check_quiet(summary, *expected):
    equal({k for k, n in summary["failed"].items() if n} - BUSY - set(expected), set(), "failures")
    equal(set(summary["refused"]) - {"301"}, set(), "refusals")


def play_until(text, *kinds):
    """Until one of these events has come for each device: (exit status, the summary, all events)"""
    seen = set()

    def all_seen(event):
        if event["event"] in kinds and (event["event"] != "failed" or event["kind"] == "config refused"):
            seen.add(event["device"])
        return len(seen) == FLEET

    with simfleet.Live(reeve, SEED, FLEET, "--scenario", scenario(text), "--duration", "250") as live:
        live.until(all_seen)
        status, summary = live.stop()
        return status, summary, live.events


@test
def a_power_cut_takes_its_share_and_all_come_back():
    status, summary, events = play(SPREAD + "power_cut town { at = 3s share = 50 off = 1s back_within = 1s }\n"
                                   "power_cut house { at = 6s within = 1s share = 30 off = 0s keeps_state = on }\n")
    town = [e for e in of_kind(events, "cut") if e["power_cut"] == "town"]
    house = [e for e in of_kind(events, "cut") if e["power_cut"] == "house"]
    equal((status, summary["up"], summary["power_cuts"]), (UP, FLEET, len(town) + len(house)), str(summary))
    equal(count(events, "started"), FLEET + summary["power_cuts"], "lives")
    check(0.3 * FLEET < len(devices_of(town)) == len(town) < 0.7 * FLEET, f"{len(town)} without power")
    check(0 < len(house) < 0.6 * FLEET, f"{len(house)} without power later")
    # A device that lost everything asks the LS; one that was up, and whose state cache survived, its RS.
    equal({phase_after(events, cut) for cut in town}, {"LS"}, "who is asked first")
    ups = [cut for cut in house if was_up(events, cut)]
    check(ups, "none that was up lost its power")
    equal({phase_after(events, cut) for cut in ups}, {"RS"}, "who is asked first")


def was_up(events, cut):
    """Since it was switched on for the last time."""
    life = [e["event"] for e in events[:events.index(cut)] if e.get("device") == cut["device"]]
    return "up" in life and "started" not in life[len(life) - life[::-1].index("up"):] and life[-1] != "cut"


@test
def states_are_told_each_second_and_sum_up():
    _, summary, events = play("arrival { how = waves waves = 2 over = 4s }\n")
    seconds = of_kind(events, "second")
    check(len(seconds) >= 1, "no second")
    for e in [*seconds, summary]:
        equal(set(e["states"]), {"off", "ls", "rs", "applying", "up", "failed"}, "states")
        equal(sum(e["states"].values()), FLEET, "devices")
    later = [e for e in of_kind(events, "started") if int(e["device"][-4:], 16) >= FLEET // 2]
    check(len(later) == FLEET // 2 and min(e["at"] for e in later) >= 2, "the second wave")


@test
def a_firmware_is_upgraded_while_the_fleet_runs():
    status, summary, events = play("firmware A { version = 1.4.2 share = 60 tls = 1.2 upgrade_to = B upgrade_at = 3s\n"
                                   "  upgrade_within = 1s upgrade_takes = 1s }\n"
                                   "firmware B { version = 2.0.0 share = 20 }\n" + SPREAD)
    upgraded = of_kind(events, "upgraded")
    equal((status, summary["up"], summary["upgrades"]), (UP, FLEET, len(upgraded)), str(summary))
    equal({e["firmware"] for e in upgraded}, {"B"}, "firmware")
    check(0.4 * FLEET < len(upgraded) < 0.8 * FLEET, f"{len(upgraded)} upgrades")
    distid = upgraded[0]["device"]
    equal(reeve.ctl("device", "show", distid)["device"]["firmware"], "2.0.0", "what the RS was told")


@test
def a_firmware_that_refuses_its_config_does_not_come_up():
    status, summary, events = play_until(SPREAD + "firmware bad { version = 0.9 share = 50 refuse = 100 }\n", "up",
                                         "failed")
    refused = devices_of(e for e in of_kind(events, "failed") if e["kind"] == "config refused")
    equal((status, summary["up"] + len(refused)), (NOT_UP, FLEET), str(summary))
    check(0.3 * FLEET < len(refused) < 0.7 * FLEET, f"{len(refused)} refuse")
    equal(refused & devices_of(of_kind(events, "up")), set(), "up with a config that it refused")


@test
def a_slow_flash_takes_its_time():
    status, summary, events = play(SPREAD + "flash worn { share = 30 apply = 2s apply_max = 3s }\n")
    applies = {e["device"]: e["took"] for e in of_kind(events, "applies")}
    equal((status, summary["up"]), (UP, FLEET), str(summary))
    check(0.1 * FLEET < len(applies) < 0.5 * FLEET, f"{len(applies)} apply slowly")
    check(all(2 <= took <= 3 for took in applies.values()), str(applies))
    for e in of_kind(events, "up"):
        check(e["took"] >= applies.get(e["device"], 0), f"{e['device']} was up after {e['took']} s")
    # Nobody is given up for being slow: one pull of each was enough.
    equal((summary["pulls"], len(of_kind(events, "applies"))), (FLEET, len(applies)), str(summary))
    check_quiet(summary)


@test
def wrong_clocks_keep_nobody_down():
    status, summary, _ = play(SPREAD + "clock no-battery { share = 50 days = -20000 }\n"
                              "clock ahead { share = 100 days = 9000 }\n")
    equal((status, summary["up"]), (UP, FLEET), str(summary))
    check_quiet(summary)


@test
def connections_that_break_are_made_again():
    status, summary, events = play(SPREAD + "loss a { share = 10 when = before-tls to = rs }\n"
                                   "loss b { share = 10 when = in-tls to = rs }\n"
                                   "loss c { share = 10 when = after-request to = rs }\n")
    lost = of_kind(events, "lost")
    equal((status, summary["up"], summary["lost"]), (UP, FLEET, len(lost)), str(summary))
    equal(({e["loss"] for e in lost}, {e["phase"] for e in lost}), ({"a", "b", "c"}, {"RS"}), "losses")
    equal(summary["failed"]["lost"], len(lost), "each is a failed attempt")
    check_quiet(summary, "lost")


@test
def connections_that_stall_disturb_nobody_else():
    status, summary, events = play_until(SPREAD + "loss silent { share = 30 how = stall when = in-tls to = rs }\n"
                                         "loss deaf { share = 20 how = stall when = after-request to = rs }\n", "up",
                                         "lost")
    stalled = devices_of(of_kind(events, "lost"))
    equal((status, summary["lost"], summary["up"]), (NOT_UP, len(stalled), FLEET - len(stalled)), str(summary))
    equal({e["loss"] for e in of_kind(events, "lost")}, {"silent", "deaf"}, "losses")
    equal(summary["states"]["rs"], len(stalled), str(summary))
    check_quiet(summary)


def words_of(path):
    root = xml.etree.ElementTree.parse(path).getroot()
    return root, [t.text for t in root.iter(SVG + "text")]


@test
def a_run_is_drawn_written_and_tabled():
    svg, lines = os.path.join(reeve.dir, "run.svg"), os.path.join(reeve.dir, "run.json")
    text = ('scenario { title = "a <small> town" title_ja = "小さな町" }\n'
            'power_cut dark { at = 1s off = 500ms }\n')
    args = [*simfleet.options(reeve, SEED, FLEET), "--scenario", scenario(text), f"--json={lines}", "--svg", svg]
    done = simfleet.run(reeve, "run", *args)
    equal(done.returncode, UP, done.stderr)
    check("a <small> town, seed 3" in done.stdout and f"devices up   {FLEET} / {FLEET}" in done.stdout, done.stdout)
    check(f"power cuts   {FLEET}" in done.stdout, done.stdout)
    with open(lines, encoding="utf-8") as f:
        events = [json.loads(line) for line in f]
    equal((events[-1]["event"], events[-1]["scenario"], events[-1]["seed"]), ("summary", "a <small> town", SEED), "end")
    root, words = words_of(svg)
    check(root.find(SVG + "title").text == "a <small> town — seed 3", "title")
    check(f"up {FLEET}" in words and "dark" in words and "devices" in words, str(words))
    equal([p.get("class") for p in root.iter(SVG + "path")], ["up", "applying", "rs", "ls", "failed", "off"], "areas")
    done = simfleet.run(reeve, "run", *args, lang="ja_JP.UTF-8")
    check("小さな町" in done.stdout and "小さな町 — シード 3" in words_of(svg)[1], done.stdout)


@test
def scenarios_are_listed_shown_and_judged():
    names = [line.split()[0] for line in simfleet.run(reeve, "scenarios").stdout.splitlines()]
    equal(names, ["arrival", "firmware", "loss", "power-cut", "slow-flash", "storm", "wrong-clock"], "shipped")
    for name in names:
        check("scenario {" in simfleet.run(reeve, "scenarios", name).stdout, name)
    check(".SS power_cut" in simfleet.run(reeve, "scenarios", "--man").stdout, "manual")
    for text, says in (("power_cut a {\n at = 5\n}", "test.scenario:2: power_cut.at"),
                       ("\ncrash rs { duty = rs at = 1s }", "crash rs: only the virtual form"),
                       ("scenario { repeat = 1s }", "--duration")):
        done = simfleet.run(reeve, "--ls-root", "x", "--scenario", scenario(text))
        equal(done.returncode, USAGE, done.stderr)
        check(says in done.stderr, done.stderr)
    for args, says in ((("--scenario", "hurricane"), "power-cut"), (("scenarios", "hurricane"), "no such scenario")):
        done = simfleet.run(reeve, *args)
        equal(done.returncode, USAGE, done.stderr)
        check(says in done.stderr, done.stderr)


@test
def options_count_above_the_scenario():
    path = scenario("arrival { how = uniform over = 1h }\n")
    with simfleet.Live(reeve, SEED, FLEET, "--scenario", path, "--arrival", "at-once") as live:
        live.until(lambda e: count(live.events, "started") == FLEET)
        check(live.events[-1]["at"] < 60, "arrival")


if __name__ == "__main__":
    tap.main(setup, teardown)
