"""Reviews per second and peak memory of the feature sets that read text.

python speed/features.py [--data results/data/musical-instruments --copies 1]
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import pandas as pd
import textblob.en
from sklearn.feature_extraction.text import CountVectorizer

from dotbench.datasets.interactions import Split
from dotbench.features.base import feature_sets
from dotbench.features.source import Source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("results/data/musical-instruments"))
    parser.add_argument("--copies", type=int, default=1, help="the reviews so many times over, by other users")
    parser.add_argument("--features", nargs="+", default=["ngrams", "aspects"])
    arguments = parser.parse_args()
    frame = pd.read_parquet(arguments.data / "ratings.parquet")
    n_users, n_items = (int(frame[side].max()) + 1 for side in ("user", "item"))
    textblob.en.parser.find_tags(["the"])  # loads the word lists
    textblob.en.sentiment("good")
    CountVectorizer()
    with tempfile.TemporaryDirectory() as folder:
        copies = [frame.assign(user=frame["user"] + k * n_users) for k in range(arguments.copies)]
        whole = pd.concat(copies)
        whole.to_parquet(Path(folder) / "ratings.parquet", index=False)
        pairs = whole[["user", "item"]].to_numpy("int64")
        del copies, whole
        source = Source(Path(folder), Split(n_users * arguments.copies, n_items, pairs, pairs[:0], pairs[:0], {}))
        for name in arguments.features:
            wall, cpu = time.perf_counter(), time.process_time()
            feature_set = feature_sets()[name]
            feature_set(feature_set.Settings()).compute(source)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            rates = f"{len(pairs) / wall:,.0f} reviews/s, {len(pairs) / cpu:,.0f} per CPU second"
            print(f"{name}: {len(pairs):,} reviews, {wall:.1f} s, {rates}, peak {peak:.2f} GiB so far", flush=True)


if __name__ == "__main__":
    main()
