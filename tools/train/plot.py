"""The calibration plot: of views that nothing was trained on, how often ads were watched to their end against how
often that was predicted, with the number of views below."""

import numpy as np

COLOURS = ["#b3541e", "#1f5fa8", "#2f7d4f"]
MARKS = ["o", "s", "D"]
BINS = 12


def wilson(share, count, z=1.96):
    """The interval in which the true share lies, at 95 %."""
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half


def bins_of(p):
    """As many views in each bin, so that every one says equally much."""
    return np.array_split(np.argsort(p, kind="stable"), BINS)


def miss(p, truth):
    """By how much predictions miss what was seen, in the mean over the bins."""
    return float(sum(len(b) * abs(p[b].mean() - truth[b].mean()) for b in bins_of(p)) / len(p))


def draw(path, truth, sets):
    # Only who wants a plot needs it.
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
    figure, (curve, counts) = pyplot.subplots(
        2, 1, figsize=(7.6, 9), height_ratios=[3, 1], sharex=True, layout="constrained")
    curve.plot([0, 1], [0, 1], color="#888", linewidth=1, linestyle="--", label="as often as predicted")
    for (name, p), colour, mark in zip(sets, COLOURS, MARKS):
        bins = bins_of(p)
        said = np.array([p[b].mean() for b in bins])
        seen = np.array([truth[b].mean() for b in bins])
        low, high = wilson(seen, np.array([len(b) for b in bins]))
        curve.errorbar(
            said, seen, yerr=[seen - low, high - seen], color=colour, marker=mark, markersize=5, linewidth=1.6,
            capsize=2.5, elinewidth=1, label=f"{name}: off by {100 * miss(p, truth):.1f} points in the mean")
        counts.hist(p, bins=np.linspace(0, 1, 51), histtype="step", color=colour, linewidth=1.6)
    curve.set(xlim=(0, 1), ylim=(0, 1), ylabel="watched to the end")
    curve.grid(color="#e4e4e4")
    curve.set_axisbelow(True)
    curve.legend(loc="lower right", frameon=False)
    curve.set_title(
        f"Demo models on the week that nothing was trained on: {len(truth):,} views,\n"
        f"a point for every {len(truth) // BINS:,}, with its 95 % interval", loc="left", fontsize=12)
    counts.set(xlabel="predicted to be watched to the end", ylabel="views")
    counts.grid(color="#e4e4e4", axis="y")
    counts.set_axisbelow(True)
    figure.savefig(path, dpi=100, metadata={"Software": None})
