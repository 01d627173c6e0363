"""Item factors, MovieLens and Yelp side files: against dense algebra, the real files, and content by hand."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from features_data import random_source, reviews, split_of, write_prepared

from dotbench.errors import DotbenchError
from dotbench.features.item_factors import ItemFactors, ItemFactorsSettings, right_singular_vectors
from dotbench.features.movielens import MovieLens
from dotbench.features.source import Source
from dotbench.features.yelp_profile import YelpProfile, YelpProfileSettings
from dotbench.files import write_csv
from dotbench.settings import Settings

# item factors


def test_factors_are_those_of_a_dense_decomposition(tmp_path):
    source, frame = random_source(tmp_path)
    found = ItemFactors(ItemFactorsSettings(size=6)).compute(source)
    train = frame[frame["part"] == 0]
    matrix = np.zeros((30, 25))
    matrix[train["user"], train["item"]] = train["rating"]
    right = np.linalg.svd(matrix)[2][:6]
    right *= np.sign(right[np.arange(6), np.abs(right).argmax(axis=1)])[:, None]
    np.testing.assert_allclose(found.items, right.T, atol=1e-5)
    assert found.items.dtype == np.float32
    assert found.users.shape == (30, 0)
    assert found.item_names == [f"factor_{k}" for k in range(6)]


def test_a_repeated_pair_counts_once(tmp_path):
    rows = [(u, i, float(1 + (u * i) % 5), "") for u in range(6) for i in range(5)]
    once, twice = reviews(rows), reviews([*rows, *((u, i, 5.0, "") for u, i, _, _ in rows[:7])])
    found = [
        ItemFactors(ItemFactorsSettings(size=2)).compute(
            Source(write_prepared(tmp_path / name, frame, 6, 5), split_of(frame, np.zeros(len(frame)), 6, 5))
        )
        for name, frame in (("once", once), ("twice", twice))
    ]
    assert np.array_equal(found[0].items, found[1].items)


def test_order_and_signs_are_fixed():
    matrix = np.diag([1.0, 3.0, 2.0, 0.5])
    np.testing.assert_allclose(right_singular_vectors(matrix, 2), [[0, 0], [1, 0], [0, 1], [0, 0]], atol=1e-6)


# MovieLens


def test_demographics_and_genres_by_hand(tmp_path):
    source, _ = random_source(tmp_path)
    found = MovieLens(Settings()).compute(source)
    assert found.users.shape == (30, 29)
    named = [[name for name, flag in zip(found.user_names, row, strict=True) if flag] for row in found.users]
    assert named[0] == ["job0", "age below 18"]
    assert named[7] == ["job7", "age below 18", "female"]
    assert named[8] == ["job8", "age 18 to 24"]
    assert named[25] == ["job4", "age 35 to 44", "female"]
    assert named[3] == ["job3", "age below 18", "female"]  # without a training pair: the side file knows all
    assert found.item_names[0] == "unknown"
    assert found.items[1].nonzero()[0].tolist() == [1, 18]


def real(
    local_data, name: str, tmp_path, n_users: int, n_items: int, separator: str, files: tuple[str, str, str]
) -> Source:
    """All users and movies of the real side files, in the order of the files."""
    folder = local_data / name
    if not (folder / files[0]).is_file():
        pytest.skip(f"needs {name} in $DOTBENCH_DATA")
    for kind, file in zip(("users", "items"), files, strict=False):
        lines = (folder / file).read_text(encoding="latin-1").splitlines()
        write_csv(
            tmp_path / f"{kind}.csv",
            ({"row": k, "id": x.split(separator)[0]} for k, x in enumerate(lines)),
            ["row", "id"],
        )
    frame = reviews([(0, 0, 5.0, "")])
    return Source(tmp_path, split_of(frame, np.zeros(1), n_users, n_items), tuple(folder.iterdir()))


def test_the_real_side_files_of_ml_100k(local_data, tmp_path):
    found = MovieLens(Settings()).compute(
        real(local_data, "ml-100k", tmp_path, 943, 1682, "|", ("u.user", "u.item", ""))
    )
    assert (found.users.shape, found.items.shape) == ((943, 29), (1682, 19))
    assert found.users[:, :28].sum(axis=1).tolist() == [2] * 943
    # the first three: 24 M technician, 53 F other, 23 M writer
    named = [[name for name, flag in zip(found.user_names, row, strict=True) if flag] for row in found.users[:3]]
    assert named == [["technician", "age 18 to 24"], ["other", "age 50 to 55", "female"], ["writer", "age 18 to 24"]]
    assert int(found.users[:, -1].sum()) == 273  # women, as cut -d'|' -f3 u.user counts them
    toy_story = [name for name, flag in zip(found.item_names, found.items[0], strict=True) if flag]
    assert toy_story == ["Animation", "Children's", "Comedy"]


def test_the_real_side_files_of_ml_1m(local_data, tmp_path):
    found = MovieLens(Settings()).compute(
        real(local_data, "ml-1m", tmp_path, 6040, 3883, "::", ("users.dat", "movies.dat", ""))
    )
    assert (found.users.shape, found.items.shape) == ((6040, 29), (3883, 18))
    named = [[name for name, flag in zip(found.user_names, row, strict=True) if flag] for row in found.users[:2]]
    assert named == [["K-12 student", "age below 18", "female"], ["self-employed", "age 56 and up"]]
    assert int(found.users[:, -1].sum()) == 1709
    assert found.users.any(axis=0).all()
    assert found.items.any(axis=0).all()
    assert (found.items.sum(axis=1) >= 1).all()


def test_lines_that_cannot_be_read_are_told(tmp_path):
    source, _ = random_source(tmp_path)
    path = source.file("u.user")
    lines = path.read_text(encoding="latin-1").splitlines()
    for wrong in ("u2|x|M|job2|0", "u2|12|Q|job2|0", "u2|12|M|pilot|0", "u2|12"):
        path.write_text("\n".join([*lines[:2], wrong, *lines[3:]]), encoding="latin-1")
        with pytest.raises(DotbenchError, match=r"u\.user, line 3: found 'u2\|.*', which cannot be read: "):
            MovieLens(Settings()).compute(source)
    path.write_text("\n".join(lines[:-1]), encoding="latin-1")
    with pytest.raises(DotbenchError, match=r"users\.csv: id 'u29' is in no side file"):
        MovieLens(Settings()).compute(source)


# Yelp


def test_profiles_by_hand(tmp_path):
    source, _ = random_source(tmp_path)
    found = YelpProfile(YelpProfileSettings(min_businesses=9)).compute(source)
    assert found.item_names == ["city: Town0, NV", "city: Town1, NV", "category: Bars", "category: Kind0"]
    assert found.items.toarray()[:4].tolist() == [[1, 0, 1, 1], [0, 1, 1, 0], [1, 0, 1, 0], [0, 1, 1, 1]]
    assert found.users[:, 0].tolist() == [float(k % 3 == 0) for k in range(30)]
    lists = source.file("business.json")
    lists.write_text(lists.read_text().replace('"Bars, Kind0"', '["Bars", "Kind0"]').replace('"Bars, Kind1"', "null"))
    again = YelpProfile(YelpProfileSettings(min_businesses=9)).compute(source)
    assert again.items.toarray()[:2].tolist() == [[1, 0, 1, 1], [0, 1, 0, 0]]


def test_a_user_who_is_not_in_the_file_counts_as_never_elite(tmp_path):
    source, _ = random_source(tmp_path)
    path = source.file("user.json")
    path.write_text("\n".join(path.read_text().splitlines()[6:]))
    found = YelpProfile(YelpProfileSettings()).compute(source)
    assert found.users[:, 0].tolist() == [float(k % 3 == 0 and k >= 6) for k in range(30)]
    path.write_text('{"user_id": "somebody"}\n')
    with pytest.raises(DotbenchError, match=r"user\.json: has no line with user_id 'u0', and 29 more"):
        YelpProfile(YelpProfileSettings()).compute(source)


def test_absent_and_broken_lines_are_told(tmp_path):
    source, _ = random_source(tmp_path)
    part = YelpProfile(YelpProfileSettings())
    path = source.file("business.json")
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-2]))
    with pytest.raises(DotbenchError, match=r"business\.json: has no line with business_id 'i0', and 1 more"):
        part.compute(source)
    path.write_text("\n".join([lines[0], lines[1][:20]]))
    with pytest.raises(DotbenchError, match=r"business\.json, line 2: not valid JSON: "):
        part.compute(source)
    path.write_text("[1]\n")
    with pytest.raises(DotbenchError, match=r"business\.json, line 1: found list; needed is an object"):
        part.compute(source)


def test_prepared_files_that_cannot_be_read_are_told(tmp_path):
    source, _ = random_source(tmp_path)
    (source.folder / "users.csv").unlink()
    with pytest.raises(DotbenchError, match=r"users\.csv: cannot be read: No such file"):
        source.ids("users")
    source.ratings.write_text("text")
    with pytest.raises(DotbenchError, match=r"ratings\.parquet: cannot be read: "):
        source.columns()
    source.ratings.unlink()
    with pytest.raises(DotbenchError, match=r"ratings\.parquet: cannot be read: "):
        list(source.rows([], leaky=True))


def test_ids_must_cover_the_split(tmp_path):
    source, _ = random_source(tmp_path)
    ids = pd.read_csv(source.folder / "users.csv")
    ids[:-1].to_csv(source.folder / "users.csv", index=False)
    with pytest.raises(DotbenchError, match=r"users\.csv: has 29 rows; the split has 30 users"):
        source.ids("users")
    assert len(dataclasses.replace(source, split=dataclasses.replace(source.split, n_users=3)).ids("users")) == 3
