"""The T2Rec paper: its table, its theorem, its open questions."""

from dotbench.studies.base import Exhibit, Study

CAPACITY = "What limits the paper's towers on its simulation: width, training, or ratings."
RATE = "Theorem 5.5: how fast the excess risk falls with the number of ratings, beside the theorem's upper bound."
OPEN = (
    ("depth", "An open question of the paper: layers of the towers, at equal numbers of parameters."),
    ("width", "An open question of the paper: units of a hidden layer."),
    ("embedding_size", "An open question of the paper: length of the towers' vectors against that of the truth's."),
    ("noise", "An open question of the paper: laws of the noise, of one variance."),
    ("truths", "An open question of the paper: truths outside Hölder classes, of one variance."),
)


class T2RecStudy(Study):
    """Jaiswal, Towards a Theoretical Understanding of Two-Stage Recommender Systems, arXiv 2403.00802: Table 1 on
    simulated ratings and on reviews, Table 2; the rate of Theorem 5.5 and the open questions; users and items without
    any training rating."""

    name = "t2rec"
    title = "T2Rec"
    task = "rating"
    metrics = ("rmse",)
    published = "t2rec"
    tables = (
        Exhibit(
            "table1",
            "replications",
            "The paper's Table 1: test RMSE on simulated ratings.",
            experiment="t2rec-table1",
        ),
        Exhibit(
            "optimizers",
            "replications",
            "The paper's towers on its simulation, trained by other optimisers.",
            experiment="t2rec-optimizers",
        ),
        Exhibit("capacity", "replications", CAPACITY, experiment="t2rec-capacity"),
        Exhibit(
            "reviews",
            "starts",
            "The paper's Table 1, the block of Yelp: reviews, warm and cold start.",
            split="warm-cold",
        ),
        Exhibit(
            "cold_start",
            "starts",
            "Cold start without a single training rating, which the paper leaves undone.",
            split="cold-start",
        ),
        Exhibit(
            "table2",
            "aspects",
            "The paper's Table 2: polarity of the aspects that reviews mention.",
            features="aspects-leaky",
        ),
        Exhibit("rate", "slopes", RATE, experiment="t2rec-rate"),
        *(Exhibit(name, "replications", title, experiment=f"t2rec-{name.replace('_', '-')}") for name, title in OPEN),
    )
    figures = (
        Exhibit("capacity_curves", "trend", CAPACITY, experiment="t2rec-capacity"),
        Exhibit("rate_curves", "trend", RATE, experiment="t2rec-rate"),
        *(
            Exhibit(f"{name}_curve", "trend", title, experiment=f"t2rec-{name.replace('_', '-')}")
            for name, title in OPEN
        ),
    )
