"""Six weeks of viewing, made up: who watched which ad of the demo catalog, where, and whether to its end.

The process, all of it from one seed. A viewer has a patience, a usual device, a taste and a rate of sessions. A session
has an hour (evenings are full), a genre and a break of ads that the catalog's line items would show there. Whether an ad
is watched to its end is a coin with

    logit = 1.9 + patience + appeal of the creative - 0.045 (seconds - 15) + device + 0.45 if live
            - 0.5 at night - 0.35 for each time seen within a day - 0.6 for 30 seconds or more on a telephone

Neither patience nor appeal nor what was seen within a day is a feature: a model has to guess them from what profiles
say. What profiles say is computed as `paceline features` does, in buckets of a thirty-second of the window, and only
from what happened before the impression. Of a distribution nothing is asked but uniform numbers, which numpy promises
to keep the same for a seed.
"""

import collections
import json
import math
import statistics

import numpy as np

DAYS = 42
VIEWERS = 1_600
DAY = 86_400
# A Monday, at midnight.
START = 1_790_553_600

# By OpenRTB's numbers: a television set, a set-top box, a telephone, a computer.
DEVICES = [(3, 0.5, 0.25), (7, 0.2, 0.1), (4, 0.2, -0.7), (2, 0.1, -0.5)]
# With the share of live programmes.
GENRES = [("drama", 0.0), ("comedy", 0.0), ("sports", 0.7), ("news", 0.9), ("cooking", 0.0), ("travel", 0.0)]
HOUR_WEIGHTS = [2, 1, 1, 1, 1, 1, 2, 3, 4, 3, 3, 3, 4, 4, 3, 3, 4, 6, 9, 12, 13, 12, 8, 4]

Creative = collections.namedtuple("Creative", "id seconds genres weight")
View = collections.namedtuple("View", "at hour device genre live seconds completes watched completion done")


def creatives(catalog):
    """Videos of the demo catalog that some line item shows, by the genres that it is for, with its share of breaks."""
    with open(f"{catalog}/creatives.json") as file:
        known = {one["id"]: one for one in json.load(file)["creatives"]}
    with open(f"{catalog}/line-items.json") as file:
        items = json.load(file)["lineItems"]
    found = []
    for item in items:
        for name in item["creatives"]:
            one = known[name]
            is_video = "vastTag" in one or any(m["mime"] == "video/mp4" for m in one.get("mediaFiles", []))
            if is_video and one["audit"] == "approved" and "durationMilliseconds" in one:
                genres = set(item.get("targeting", {}).get("genre", [])) & {name for name, _ in GENRES}
                weight = 0.3 if item["campaign"] == "house" else 3.0 if item["campaign"].startswith("harvest") else 1.0
                found.append(Creative(name, one["durationMilliseconds"] / 1000, genres, weight))
    return found


class Window:
    """What happened lately, as profiles count it: the bucket of now and the thirty-one before it."""

    def __init__(self, minutes):
        self.bucket = (minutes * 60 + 31) // 32
        self.events = collections.deque()
        self.count, self.millionths = 0, 0

    def add(self, at, value=1.0):
        self.events.append((at // self.bucket, round(value * 1_000_000)))
        self.count += 1
        self.millionths += self.events[-1][1]

    def forget(self, now):
        first = now // self.bucket - 31
        while self.events and self.events[0][0] < first:
            self.millionths -= self.events.popleft()[1]
            self.count -= 1

    def mean(self):
        return self.millionths / 1_000_000 / self.count if self.count else math.nan


def normal(uniform):
    return statistics.NormalDist().inv_cdf(min(max(uniform, 1e-12), 1 - 1e-12))


def choose(uniform, weights):
    left = uniform * sum(weights)
    for place, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return place
    return len(weights) - 1


class Viewer:
    def __init__(self, random):
        u = random.random(4)
        self.patience = 0.9 * normal(u[0])
        self.device = DEVICES[choose(u[1], [share for _, share, _ in DEVICES])]
        self.rate = math.exp(-0.6 + 0.6 * normal(u[2]))
        self.favourite = int(u[3] * len(GENRES))
        self.completes, self.watched = Window(10_080), Window(10_080)
        self.seen = collections.defaultdict(list)

    def sessions(self, random):
        """How many on one day, by Poisson's own recipe."""
        limit, product, count = math.exp(-self.rate), random.random(), 0
        while product > limit and count < 8:
            product *= random.random()
            count += 1
        return count


def views(seed, catalog):
    """All impressions in the order of their time, with what was known at each."""
    random = np.random.default_rng(seed)
    ads = creatives(catalog)
    appeal = {one.id: 0.0 for one in ads}
    for name in sorted(appeal):
        appeal[name] = 0.5 * normal(random.random())
    completion = {name: Window(43_200) for name in appeal}
    people = [Viewer(random) for _ in range(VIEWERS)]
    for day in range(DAYS):
        breaks = []
        for number, viewer in enumerate(people):
            for _ in range(viewer.sessions(random)):
                u = random.random(2)
                breaks.append((START + day * DAY + choose(u[0], HOUR_WEIGHTS) * 3600 + int(u[1] * 3600), number))
        for at, number in sorted(breaks):
            yield from one_break(random, at, people[number], ads, appeal, completion)


def one_break(random, at, viewer, ads, appeal, completion):
    hour = at // 3600 % 24
    u = random.random(3)
    genre = viewer.favourite if u[0] < 0.5 else int(u[1] * len(GENRES))
    name, share = GENRES[genre]
    live = u[2] < share
    fitting = [one for one in ads if not one.genres or name in one.genres]
    for _ in range(1 + int(random.random() * 4)):
        ad = fitting[choose(random.random(), [one.weight for one in fitting])]
        for window in (viewer.completes, viewer.watched, completion[ad.id]):
            window.forget(at)
        times = sum(1 for when in viewer.seen[ad.id] if at - when < DAY)
        number, _, effect = viewer.device
        logit = 1.9 + viewer.patience + appeal[ad.id] - 0.045 * (ad.seconds - 15) + effect + 0.45 * live
        logit -= 0.5 * (hour >= 23 or hour < 6) + 0.35 * times + 0.6 * (number == 4 and ad.seconds >= 30)
        u = random.random(2)
        done = u[0] < 1 / (1 + math.exp(-logit))
        watched = 1.0 if done else u[1] * 0.9
        yield View(
            at, hour, number, genre, live, ad.seconds, viewer.completes.count, viewer.watched.mean(),
            completion[ad.id].mean(), done)
        viewer.seen[ad.id] = [when for when in viewer.seen[ad.id] if at - when < DAY] + [at]
        viewer.watched.add(at, watched)
        completion[ad.id].add(at, watched)
        if done:
            viewer.completes.add(at)
        at += int(ad.seconds)
