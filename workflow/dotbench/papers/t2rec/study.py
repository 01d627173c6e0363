"""The T2Rec paper: its table, its theorem, its open questions."""

from dotbench.studies.base import ReportItem, Study

CAPACITY = "What limits the paper's towers on its simulation: width, training, or ratings."
RATE = "Theorem 5.5: how fast the excess risk falls with the number of ratings, beside the theorem's upper bound."
CLAIMED = (
    ("manifold", "The paper's central claim: the rate is that of the covariates' dimension d, not of their number D."),
    ("binary", "A claim of the paper: binary covariates leave the rate as it is."),
    ("sharing", "Theorem 5.5 assumes independent pairs: ratings that share users and items."),
    ("smoothness", "A claim of the paper: the smoother the truth, the nearer the rate is to |Ω|⁻¹."),
    ("growth", "A claim of the paper: how the towers have to grow with the number of ratings."),
)
OPEN = (
    ("depth", "An open question of the paper: layers of the towers, at equal numbers of parameters."),
    ("depth_fixed", "An open question of the paper: layers of the towers, at one width."),
    ("width", "An open question of the paper: units of a hidden layer."),
    ("embedding_size", "An open question of the paper: length of the towers' vectors against that of the truth's."),
    ("noise", "An open question of the paper: noise of different laws and equal variance."),
    ("truths", "An open question of the paper: truths outside Hölder classes, of equal variance."),
)
RATES = (
    ("depth", "Depth and rate, an open question: slopes against the layers, at equal numbers of parameters."),
    ("depth_fixed", "Depth and rate, an open question: slopes against the layers, at one width."),
    ("truths", "An open question of the paper: how fast the excess risk falls with truths outside Hölder classes."),
)

TARGETS = "How long towers train until they explain a share of the truth: length of the vectors, depth, width."


class T2RecStudy(Study):
    """Jaiswal, Towards a Theoretical Understanding of Two-Stage Recommender Systems, arXiv 2403.00802: Table 1 on
    simulated ratings and on reviews, and Table 2. Beyond the paper: the rate of Theorem 5.5, the open questions, and
    users and items without any training rating."""

    name = "t2rec"
    title = "T2Rec"
    task = "rating"
    metrics = ("rmse",)
    published = "t2rec"
    tables = (
        ReportItem(
            "table1",
            "replications",
            "The paper's Table 1: test RMSE on simulated ratings.",
            simulation="t2rec-table1",
        ),
        ReportItem(
            "optimizers",
            "replications",
            "The paper's towers on its simulation, trained by other optimisers.",
            simulation="t2rec-optimizers",
        ),
        ReportItem("capacity", "replications", CAPACITY, simulation="t2rec-capacity"),
        ReportItem(
            "reviews",
            "starts",
            "The paper's Table 1, the block of Yelp: reviews, warm and cold start.",
            split="warm-cold",
        ),
        ReportItem(
            "cold_start",
            "starts",
            "Cold start without a single training rating, which the paper does not test.",
            split="cold-start",
        ),
        ReportItem(
            "table2",
            "aspects",
            "The paper's Table 2: polarity of the aspects that reviews mention.",
            features="aspects-leaky",
        ),
        ReportItem("rate", "slopes", RATE, simulation="t2rec-rate"),
        *(ReportItem(name, "slopes", title, simulation=f"t2rec-{name}") for name, title in CLAIMED),
        *(
            ReportItem(name, "replications", title, simulation=f"t2rec-{name.replace('_', '-')}")
            for name, title in OPEN
        ),
        *(
            ReportItem(f"{name}_slopes", "error_slopes", title, simulation=f"t2rec-{name.replace('_', '-')}")
            for name, title in RATES
        ),
        ReportItem("targets", "targets", TARGETS, simulation="t2rec-targets"),
    )
    figures = (
        ReportItem("capacity_curves", "trend", CAPACITY, simulation="t2rec-capacity"),
        ReportItem("rate_curves", "trend", RATE, simulation="t2rec-rate"),
        *(ReportItem(f"{name}_curves", "trend", title, simulation=f"t2rec-{name}") for name, title in CLAIMED),
        *(
            ReportItem(f"{name}_curve", "trend", title, simulation=f"t2rec-{name.replace('_', '-')}")
            for name, title in OPEN
        ),
    )
