"""Test Anything Protocol for Python tests: each function decorated with @test is one case.

    @test
    def s10_023_one_chunk_works(): ...

    if __name__ == "__main__":
        tap.main()

A case fails by an exception; its text and the end of the traceback are printed as comments.
"""
import sys
import traceback

_cases = []


class Skip(Exception):
    """Raised by a case that cannot run here; the text says why."""


def test(fn):
    _cases.append(fn)
    return fn


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def main(setup=None, teardown=None):
    only = sys.argv[1:]
    cases = [c for c in _cases if not only or any(o in c.__name__ for o in only)]
    print(f"1..{len(cases)}", flush=True)
    bad = 0
    try:
        if setup:
            setup()
        for number, case in enumerate(cases, 1):
            bad += not _run(number, case)
    finally:
        if teardown:
            teardown()
    sys.exit(1 if bad else 0)


def _run(number, case):
    title = case.__name__ + (f" ({case.__doc__.strip().splitlines()[0]})" if case.__doc__ else "")
    title = title.replace("#", "no.")
    try:
        case()
    except Skip as s:
        print(f"ok {number} - {title} # SKIP {s}", flush=True)
        return True
    except Exception as e:  # a test runner catches everything
        print(f"not ok {number} - {title}", flush=True)
        for line in (str(e) or type(e).__name__).splitlines():
            print(f"#   {line}")
        for line in traceback.format_exc().splitlines()[-6:-1]:
            print(f"#   {line}", flush=True)
        return False
    print(f"ok {number} - {title}", flush=True)
    return True
