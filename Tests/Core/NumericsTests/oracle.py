"""How far results of Core/Numerics are from the truth, by mpmath at 250 bits.

Reads lines `FUNCTION ARGUMENTS... RESULT`, each number as the 16 hexadecimal digits of its bits, and prints for each
function its count, how many results are not the nearest Double, the largest error in units of the last place of the
true value (of the smallest one, where the result is subnormal), and the line that it came from.
"""

import struct
import sys

from mpmath import erf, exp, expm1, floor, inf, log, log1p, mp, mpf, nstr, power, tanh

mp.prec = 250

FUNCTIONS = {
    "exp": exp,
    "exp2": lambda x: power(2, x),
    "expm1": lambda x: expm1(x) if abs(x) < 1 else exp(x) - 1,
    "log": log,
    "log2": lambda x: log(x) / log(mpf(2)),
    "log1p": lambda x: log1p(x) if abs(x) < 0.5 else log(1 + x),
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "tanh": tanh,
    "pow": lambda x, y: exp(y * log(x)),
    "erf": erf,
}


def number(digits):
    return struct.unpack(">d", bytes.fromhex(digits))[0]


def last_place(truth):
    """The distance of neighbours among doubles where the truth is."""
    if truth == 0:
        return mpf(2) ** -1074
    mantissa, exponent = truth.man_exp
    exponent += abs(int(mantissa)).bit_length()
    return mpf(2) ** max(exponent - 53, -1074)


def main():
    worst, count, missed = {}, {}, {}
    for line in sys.stdin:
        words = line.split()
        name, result = words[0], number(words[-1])
        truth = FUNCTIONS[name](*(mpf(number(word)) for word in words[1:-1]))
        place = last_place(truth)
        if result in (inf, -inf):
            # The first number that has no Double any more is half a place above the largest.
            error = mpf(0) if abs(truth) >= mpf(2) ** 1024 - mpf(2) ** 970 else inf
        elif result != result:
            error = inf
        else:
            error = abs(mpf(result) - truth) / place
        count[name] = count.get(name, 0) + 1
        missed[name] = missed.get(name, 0) + (error > 0.5)
        if name not in worst or error > worst[name][0]:
            worst[name] = (error, line.strip())
    for name, (error, line) in worst.items():
        print(name, count[name], missed[name], nstr(error, 8), line, sep="\t")


main()
