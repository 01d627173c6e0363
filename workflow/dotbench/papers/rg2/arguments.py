"""What decides claims of the RG2 paper that no number can."""

from math import log

from dotbench.lazy import np
from dotbench.losses.rg2 import RG2Settings
from dotbench.losses.rg2_released import RG2ReleasedSettings
from dotbench.reporting.claims.findings import Finding, Sides, all_agree, finding, told


def softmax_bound(sides: Sides) -> Finding:
    """N = 100 scores, that of the positive 1, the others 0: log Σ e^o − o₁ against −o₁ + log N + Σ (o + 1)² / 2N − ½,
    the quadratic form of Appendix B.2 with the constant that makes both equal at o = 0."""
    n = 100
    scores = np.zeros(n)
    scores[0] = 1.0
    softmax = float(np.log(np.exp(scores).sum()) - scores[0])
    quadratic = float(-scores[0] + log(n) + ((scores + 1) ** 2).sum() / (2 * n) - 0.5)
    reason = f"For {n} scores (1, 0, …, 0) softmax is {softmax:.4f}, the quadratic form {quadratic:.4f}."
    row = told("softmax against the quadratic form", softmax, quadratic >= softmax, second_value=quadratic)
    return finding(quadratic >= softmax, reason, [row])


def one_hyperparameter(sides: Sides) -> Finding:
    """The settings of the stated loss and of the released one. `released_sign` only says which sign is used."""
    stated, released = (set(cls.model_fields) for cls in (RG2Settings, RG2ReleasedSettings))
    more = sorted(released - stated - {"released_sign"})
    reason = f"The stated loss has {', '.join(sorted(stated))}; the released code has {', '.join(more)} besides."
    rows = [told("hyperparameters of the stated loss", float(len(stated)), len(stated) == 1)]
    rows += [told("hyperparameters of the released code", float(len(stated) + len(more)), not more)]
    return finding(not more, reason, rows)


def sweep_cost(sides: Sides) -> Finding:
    """Σ_i W_u q_i q_iᵀ, over W_u, of every user: the systems that a half sweep solves. W_u = n_u / 2N|D|."""
    rng = np.random.default_rng(0)
    items, counts = rng.standard_normal((12, 3)), np.array([1, 2, 5, 9])
    weights = counts / (2 * len(items) * counts.sum())
    systems = [np.einsum("i,ik,il->kl", np.full(len(items), w), items, items) / w for w in weights]
    distinct = sum(not any(np.allclose(one, other) for other in systems[:k]) for k, one in enumerate(systems))
    reason = (
        f"{distinct} K × K system serves all {len(systems)} users of an example, because the weights are constant "
        "along a row: a sweep takes O(|D| K + (M + N) K² + K³)."
    )
    return finding(
        distinct == len(systems), reason, [told("different systems of 4 users", float(distinct), distinct > 1)]
    )


def consistency(sides: Sides) -> Finding:
    """Scores that minimise the expected loss of a user, from the probabilities η of relevance: RG2's N η / n − 1, those
    of WRMF with weights 1 + α r, (1 + α) η / (1 + α η), those of plain squares, η. Each is increasing in η."""
    eta = np.sort(np.random.default_rng(0).random(1000))
    scores = {
        "RG2": len(eta) * eta / eta.sum() - 1,
        "WRMF": 9 * eta / (1 + 8 * eta),
        "plain squares": eta,
    }
    same = {name: bool((np.diff(values) > 0).all()) for name, values in scores.items()}
    others = [name for name in same if name != "RG2" and same[name]]
    reason = (
        f"The minimisers of {' and '.join(others)} rank by the probability of relevance as RG2's does, so that "
        "consistency cannot explain a difference between them."
    )
    rows = [told(f"{name} ranks by relevance", float(ranks), ranks == (name == "RG2")) for name, ranks in same.items()]
    return finding(not others, reason, rows)


def sparsity(sides: Sides) -> Finding:
    """100 (1 − interactions / (users · items)) of Table 1, to two digits."""
    rows = []
    for fact in sides.published.facts:
        if fact.table == "Table 1":
            count = {name: float(str(value)) for name, value in fact.numbers.items()}
            made = 100 * (1 - count["interactions"] / (count["users"] * count["items"]))
            agrees = abs(made - count["sparsity"]) <= 0.005
            row = told("sparsity from the counts, %", made, agrees, second="printed", second_value=count["sparsity"])
            rows.append(row | {"dataset": fact.about, "source": fact.table})
    values = ", ".join(f"{row['first_value']:.3f}" for row in rows)
    return finding(all_agree(rows), f"The counts give {values} %.", rows)


ARGUMENTS = {
    "softmax_bound": softmax_bound,
    "one_hyperparameter": one_hyperparameter,
    "sweep_cost": sweep_cost,
    "consistency": consistency,
    "sparsity": sparsity,
}
