"""One price of several sources, beside a second way to come to it: fractions, and sets instead of loops over a list."""
import random
import subprocess
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from programs import build_directory

NEAR, FAR = Fraction(1, 100), Fraction(5, 100)
SIGMAS = 3 * Fraction("1.4826")


class Said(NamedTuple):
    place: int
    exchange: bool
    price: str
    age_ms: int
    fresh_ms: int
    doubt: int

    @property
    def value(self):
        return Fraction(self.price)


def close(one, other):
    low, high = sorted((one.value, other.value))
    return high - low <= FAR * low


def weights_of(voters):
    """By place. Copies share what one and a half exchanges have, but none gets more than three quarters."""
    copies = sum(not one.exchange for one in voters)
    return {one.place: Fraction(1) if one.exchange else min(Fraction(3, 4), Fraction(3, 2) / copies) for one in voters}


def middle(pairs):
    """The weighted median of (value, weight): the middle of all that have half of the weight on either side."""
    half = sum(weight for _, weight in pairs) / 2
    halving = [value for value, _ in pairs if sum(w for v, w in pairs if v < value) <= half
               and sum(w for v, w in pairs if v > value) <= half]
    return (min(halving) + max(halving)) / 2


def origins(group, exchanges_speak):
    """How many sources of their own a group is."""
    copies = sum(not one.exchange for one in group)
    return sum(one.exchange for one in group) + (min(copies, 1) if exchanges_speak else copies)


def newcomers(voters, outliers, exchanges_speak):
    """The largest group of outliers around one of them, of two origins, that is newer than everybody else."""
    found = []
    for leader in outliers:
        group = {one for one in outliers if close(one, leader)}
        others = voters - group
        if origins(group, exchanges_speak) >= 2 and all(one.age_ms < other.age_ms for one in group for other in others):
            found.append(group)
    return max(found, key=len, default=None)


def expected(said):
    """(state, price, spread, {place: verdict})."""
    fresh = {one for one in said if one.age_ms <= one.fresh_ms}
    exchanges_speak = any(one.exchange for one in fresh)
    confirmed = {one for pair in combinations(fresh, 2) if close(*pair) and origins(pair, exchanges_speak) == 2 for one in pair}
    voters = {one for one in fresh if not one.doubt or one in confirmed}
    verdicts = {one.place: "doubtful" if one in fresh else "stale" for one in said}
    weights = weights_of(voters)

    def end(state, used, others="disagrees"):
        verdicts.update({one.place: others for one in voters - used} if isinstance(others, str) else others)
        verdicts.update({one.place: "used" for one in used})
        values = [one.value for one in used]
        return (state, middle([(one.value, weights.get(one.place, 1)) for one in used]) if used else None,
                max(values) - min(values) if used else None, verdicts, weights)

    if not voters:
        old = [one for one in said if not one.doubt]
        if fresh or not old:
            return end("disagreement", set())
        return end("stale", {min(old, key=lambda one: (one.age_ms, one.value, one.place))})
    if len(voters) == 1:
        return end("single_source", voters)
    if len(voters) == 2:
        return end("ok", voters) if close(*voters) else end("disagreement", set())
    center = middle([(one.value, weights[one.place]) for one in voters])
    off = {one: abs(one.value - center) for one in voters}
    mad = middle([(off[one], weights[one.place]) for one in voters])
    used = {one for one in voters if off[one] <= max(NEAR * center, min(FAR * center, SIGMAS * mad))}
    group = newcomers(voters, voters - used, exchanges_speak)
    if group:
        return end("ok", group, "superseded")
    if len(used) >= 2 and 2 * sum(weights[one.place] for one in used) > sum(weights.values()):
        return end("ok", used, "outlier")
    return end("disagreement", set())


def some_inputs(rng):
    """A level that most are near to, perhaps a second one, and whoever is far off, old or doubtful."""
    level, other = rng.choice([100, 100, 3]), rng.choice([70, 104, 1000, "0.07"])
    places = rng.randrange(1, 8)
    said = []
    for place in range(places):
        base = Fraction(other if rng.random() < 0.3 else level)
        price = base * (1 + Fraction(rng.randrange(-300, 300), 10000) * rng.choice([0, 1, 1, 2]))
        said.append(Said(place, rng.random() < 0.5, f"{float(price):.{rng.choice([0, 2, 6])}f}", rng.randrange(1, 1000) * 1000,
                         rng.choice([900_000, 900_000, 600_000]), rng.random() < 0.15))
    return [one for one in said if one.value > 0] or some_inputs(rng)


def test_thousands_of_markets_come_to_what_another_way_of_counting_says():
    rng = random.Random(11)
    markets = [some_inputs(rng) for _ in range(2000)]
    lines = "".join(";".join(f"{'E' if one.exchange else 'A'} {one.price} {one.age_ms} {one.fresh_ms} {int(one.doubt)}"
                             for one in said) + "\n" for said in markets)
    answers = subprocess.run([build_directory() / "tests/system/consensus_probe"], input=lines, capture_output=True,
                             text=True, check=True, timeout=120).stdout.splitlines()
    seen = set()
    assert len(answers) == len(markets)
    for said, line in zip(markets, answers):
        state, price, spread, *inputs = line.split()
        said = [one._replace(place=place) for place, one in enumerate(said)]
        want_state, want_price, want_spread, verdicts, weights = expected(said)
        got = {place: text.split("/")[0] for place, text in enumerate(inputs)}
        assert (state, got) == (want_state, verdicts), (said, line)
        assert (None if price == "-" else Fraction(price)) == want_price, (said, line)
        assert (None if spread == "-" else Fraction(spread)) == want_spread, (said, line)
        units = [int(text.split("/")[1]) for text in inputs]
        assert [Fraction(one, sum(units)) if one else 0 for one in units] == [
            weights.get(place, 0) / sum(weights.values()) if weights else 0 for place in range(len(said))], (said, line)
        seen |= {state, *got.values()}
    assert seen == {"ok", "single_source", "disagreement", "stale", "used", "doubtful", "outlier", "superseded", "disagrees"}, (
        "every outcome was among them")
