"""RecBole on a split of dotbench, and what its release 1.2.1 needs to run with today's numpy, scipy and PyTorch."""

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse
import torch

from dotbench.datasets.interactions import Split

RANK = 64


def shim() -> None:
    """Names that RecBole 1.2.1 uses and that later releases removed. Nothing that is timed becomes slower by them.

    numpy 2 has no ``float_``, ``complex_`` and ``unicode_``, which RecBole reads for every configuration. scipy from
    1.13 on has no ``dok_matrix._update``, by which LightGCN writes its adjacency matrix, once, before training.
    """
    warnings.filterwarnings("ignore", module=r"recbole\.")  # of names that pandas and PyTorch will remove
    for name, kind in (("float_", np.float64), ("complex_", np.complex128), ("unicode_", np.str_)):
        if not hasattr(np, name):
            setattr(np, name, kind)
    if not hasattr(sparse.dok_matrix, "_update"):
        sparse.dok_matrix._update = lambda matrix, entries: matrix._dict.update(entries)


class RecBole:
    """RecBole's configuration, its three loaders and the numbers that it gives to users and items.

    ``model``: RecBole's name. ``values``: its settings. The parts of the split are written as its "benchmark files", so
    that it divides nothing itself.
    """

    def __init__(self, model: str, split: Split, seed: int, **values: Any) -> None:
        shim()
        from recbole.config import Config
        from recbole.data import create_dataset, data_preparation
        from recbole.utils import get_model, get_trainer, init_seed

        logging.getLogger().setLevel(logging.ERROR)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "split").mkdir()
            for part in ("train", "valid", "test"):
                lines = "".join(f"{user}\t{item}\n" for user, item in getattr(split, part).tolist())
                head = "user_id:token\titem_id:token\n"
                (Path(folder) / "split" / f"split.{part}.inter").write_text(head + lines)
            self.config = Config(
                model=model,
                dataset="split",
                config_dict={
                    "data_path": folder,
                    "checkpoint_dir": folder,
                    "benchmark_filename": ["train", "valid", "test"],
                    "load_col": {"inter": ["user_id", "item_id"]},
                    "use_gpu": False,
                    "worker": 0,
                    "seed": seed,
                    "embedding_size": RANK,
                    "show_progress": False,
                    "metrics": ["NDCG"],
                    "topk": [10],
                    "valid_metric": "NDCG@10",
                    "metric_decimal_place": 12,
                    "eval_args": {"order": "RO", "group_by": "user", "mode": "full", "split": {"LS": "valid_and_test"}},
                    **values,
                },
            )
            init_seed(seed, reproducibility=True)
            self.data = create_dataset(self.config)
            self.train, self.valid, self.test = data_preparation(self.config, self.data)
            init_seed(seed, reproducibility=True)
            self.model = get_model(model)(self.config, self.train._dataset)
            self.trainer = get_trainer(self.config["MODEL_TYPE"], model)(self.config, self.model)
        self.shape = (split.n_users, split.n_items)
        # its row 0 stands for nothing
        self.rows = [
            np.array([int(name) for name in self.data.field2id_token[field][1:]]) for field in ("user_id", "item_id")
        ]

    def epoch(self, number: int) -> None:
        self.trainer._train_epoch(self.train, number)

    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """User and item vectors in the rows of the split; of LightGCN those after propagation."""
        self.model.eval()
        with torch.no_grad():
            own = self.model.forward() if hasattr(self.model, "get_ego_embeddings") else self._tables()
        whole = []
        for rows, table, n in zip(self.rows, own, self.shape, strict=True):
            whole.append(np.zeros((n, table.shape[1]), np.float32))
            whole[-1][rows] = table.detach().numpy()[1:]
        return whole[0], whole[1]

    def _tables(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self.model.user_embedding.weight, self.model.item_embedding.weight

    def ndcg(self) -> float:
        """NDCG@10 on the validation part by RecBole's full-sort evaluation."""
        return float(self.trainer.evaluate(self.valid, load_best_model=False)["ndcg@10"])
