"""How the peers take times and report them: "name TAB value", as report.hpp does."""

import time


def report(name, value):
    print(f"{name}\t{value:.9g}", flush=True)


def seconds(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result
