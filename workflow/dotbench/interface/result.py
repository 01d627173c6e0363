"""A fit that has been made: the folder that it left, opened."""

import shutil
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import Split, load_split
from dotbench.errors import DotbenchError
from dotbench.evaluation.scoring import ARRAYS, scorer
from dotbench.evaluation.topk import Scorer
from dotbench.files import atomic, read_arrays, read_json
from dotbench.interface.ids import read_ids, read_types
from dotbench.lazy import np, pd, torch

# all that a fit leaves; which of the arrays depends on the task
FILES = [
    "split.json",
    "split.npz",
    "users.csv",
    "items.csv",
    "ids.json",
    "fit.json",
    "metrics.json",
    "curve.csv",
    "per_user.parquet",
    *(f"{name}.npy" for name in ARRAYS),
    "predictions.npz",
]
NEEDED = ("fit.json", "metrics.json", "split.npz", "users.csv", "items.csv")


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted method: settings, metrics, curve, vectors, recommendations. ``folder`` has the files of ``dotbench
    fit``. The folder of `dotbench.fit` is deleted with this object. `save` keeps a copy.
    """

    folder: Path
    _temporary: Any = None  # removes the folder when nothing refers to it any more

    @classmethod
    def load(cls, folder: str | Path) -> "Fit":
        """Load the fit that `save` or ``dotbench fit --out`` wrote. Raises DotbenchError if the folder holds
        none."""
        path = Path(folder)
        absent = [name for name in NEEDED if not (path / name).is_file()]
        if absent:
            raise DotbenchError(f"{path}: holds no fit: {', '.join(absent)} is not there")
        return cls(path)

    def save(self, folder: str | Path) -> Path:
        """Copy the files into a folder, which is created if necessary, and return the folder. `load` reads them back.
        Files of another fit in the folder are replaced. Other files stay.
        """
        path = Path(folder)
        if path.resolve() != self.folder.resolve():
            for name in FILES:
                (path / name).unlink(missing_ok=True)
            for name in FILES:
                if (self.folder / name).is_file():
                    with atomic(path / name) as temporary:
                        shutil.copyfile(self.folder / name, temporary)
        return path

    @cached_property
    def record(self) -> dict[str, Any]:
        """Names, seeds, settings, times, hardware and versions, as in ``fit.json``."""
        content: dict[str, Any] = read_json(self.folder / "fit.json")
        return content

    @property
    def settings(self) -> dict[str, Any]:
        """Every hyperparameter with its value."""
        settings: dict[str, Any] = self.record["hyperparameters"]
        return settings

    @cached_property
    def metrics(self) -> dict[str, dict[str, float]]:
        """Part → metric → value, e.g. ``metrics["test"]["ndcg@10"]``. The parts are ``valid``, ``test``, and those that
        a split sets apart."""
        found: dict[str, dict[str, float]] = read_json(self.folder / "metrics.json")["metrics"]
        return found

    @cached_property
    def curve(self) -> "pd.DataFrame":
        """A row for each epoch: ``epoch, updates, seconds, cpu_seconds, loss`` and the validation metric. Seconds
        count training only, from its start."""
        return pd.read_csv(self.folder / "curve.csv")

    @cached_property
    def per_user(self) -> "pd.DataFrame":
        """Each user's contributions to the test metrics, as in ``per_user.parquet``, with the user's id as ``user``."""
        frame = pd.read_parquet(self.folder / "per_user.parquet")
        return frame.assign(user=[self.users[row] for row in frame["user"]])

    @cached_property
    def users(self) -> list[Any]:
        """Ids of the users, by row."""
        return read_ids(self.folder / "users.csv", read_types(self.folder)["users"])

    @cached_property
    def items(self) -> list[Any]:
        """Ids of the items, by row."""
        return read_ids(self.folder / "items.csv", read_types(self.folder)["items"])

    @property
    def user_vectors(self) -> "np.ndarray":
        """Shape (n_users, K), float32. Row k is of ``users[k]``. Raises DotbenchError for a method without vectors."""
        return self._vectors("user_vectors")

    @property
    def item_vectors(self) -> "np.ndarray":
        """Shape (n_items, K), float32. Row k is of ``items[k]``. Raises DotbenchError for a method without vectors."""
        return self._vectors("item_vectors")

    @cached_property
    def predictions(self) -> "pd.DataFrame":
        """For a rating method, a row for each held-out pair: ``part, user, item, rating, prediction``. Predictions are
        in rating points and not clipped. Raises DotbenchError for a ranking method."""
        if not self._split.ratings:
            raise DotbenchError("predictions: a ranking method has none; see recommend")
        frames = []
        with read_arrays(self.folder / "predictions.npz") as arrays:
            for part in arrays:
                pairs = self._split.cold[part] if part in self._split.cold else getattr(self._split, part)
                columns = {
                    "part": part,
                    "user": [self.users[row] for row in pairs[:, 0]],
                    "item": [self.items[row] for row in pairs[:, 1]],
                    "rating": self._split.ratings[part],
                    "prediction": arrays[part],
                }
                frames.append(pd.DataFrame(columns))
        return pd.concat(frames, ignore_index=True)

    def recommend(self, user: Any, k: int = 10) -> "pd.DataFrame":
        """The ``k`` items with the greatest scores, without the user's training items: ``item, score``.

        ``user`` and items have their ids in the data. Equal scores are in the order of the rows. There are fewer than
        ``k`` items if the user has almost all of them. Raises DotbenchError for a user whom the data do not have, and
        for a rating method.

        >>> import dotbench as db
        >>> data = db.load("sim-tiny", say=lambda text: None)
        >>> fit = db.fit(data, model="popularity")
        >>> list(fit.recommend("1", k=3).columns)
        ['item', 'score']
        """
        if isinstance(k, bool) or not hasattr(k, "__index__") or k < 1:
            raise DotbenchError(f"k: found {k!r}; allowed is a whole number from 1")
        row = self._row(user)
        scores = self._scorer(torch.tensor([row]))[0].numpy()
        train = self._split.train
        left = np.setdiff1d(np.arange(len(scores)), train[train[:, 0] == row, 1])
        best = left[np.argsort(-scores[left], kind="stable")[:k]]
        return pd.DataFrame({"item": [self.items[one] for one in best], "score": scores[best]})

    def _row(self, user: Any) -> int:
        for known in (user, str(user)):  # ids of files are text: 196 is '196' there
            if isinstance(known, Hashable) and known in self._rows:
                return self._rows[known]
        example = next(iter(self._rows))
        raise DotbenchError(
            f"user: found {user!r}, who is not among the {len(self._rows):,} users of '{self.record['dataset']}' after "
            f"its preparation; ids are like {example!r}"
        )

    @cached_property
    def _rows(self) -> dict[Any, int]:
        return {id_: row for row, id_ in enumerate(self.users)}

    @cached_property
    def _split(self) -> Split:
        return load_split(self.folder / "split.npz")

    @cached_property
    def _scorer(self) -> Scorer:
        if self._split.ratings:
            raise DotbenchError("scores of all items: a rating method keeps none; see predictions")
        return scorer(self._arrays, self._split)

    def _vectors(self, name: str) -> "np.ndarray":
        if name not in self._arrays:
            rates = bool(self._split.ratings)
            instead = (
                "a rating method keeps none; see predictions" if rates else "this method keeps none; see recommend"
            )
            raise DotbenchError(f"{name}: {instead}")
        return self._arrays[name]

    @cached_property
    def _arrays(self) -> dict[str, "np.ndarray"]:
        files = {name: self.folder / f"{name}.npy" for name in ARRAYS}
        return {name: read_arrays(path) for name, path in files.items() if path.is_file()}

    def __repr__(self) -> str:
        names = ", ".join(self.record[key] for key in ("dataset", "model", "loss", "solver"))
        values = ", ".join(f"{metric} {value:.4f}" for metric, value in self.metrics["test"].items())
        return f"Fit({names}: {values})"
