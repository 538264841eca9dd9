"""Solves a small market's assignment as a linear program with HiGHS by way of SciPy, and prints its optimum.

Reads from standard input: a line with the budgets, then a line for each request with its floor and, for each campaign
that may have it, the campaign's row and what the viewer is worth to it.
"""

import sys

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

lines = sys.stdin.read().splitlines()
budgets = [float(b) for b in lines[0].split()]
values, rows, columns, costs, limits = [], [], [], [], []
for number, line in enumerate(lines[1:]):
    numbers = line.split()
    floor = float(numbers[0])
    for campaign, value in zip(numbers[1::2], numbers[2::2]):
        column = len(values)
        values.append(float(value))
        rows += [number, len(lines) - 1 + int(campaign)]
        columns += [column, column]
        costs += [1.0, floor]
limits = [1.0] * (len(lines) - 1) + budgets
matrix = coo_matrix((costs, (rows, columns)), shape=(len(limits), len(values)))
solution = linprog(-np.array(values), A_ub=matrix, b_ub=limits, bounds=(0, 1), method="highs")
assert solution.status == 0, solution.message
print(repr(-solution.fun))
