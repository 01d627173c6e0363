"""What a paper claims, with verdicts: csv, Markdown and HTML."""

from pathlib import Path

from dotbench.files import write_csv, write_text
from dotbench.reporting.claims.deciding import Verdict, verdicts
from dotbench.reporting.claims.findings import OPEN, ROWS
from dotbench.reporting.claims.language import load_claims
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, render_page
from dotbench.reporting.kind import Kind
from dotbench.reporting.published import load_published

SIDES = ("print", "ours")
COLUMNS = ["claim", "where", "says", "print_verdict", "print_reason", "ours_verdict", "ours_reason", "note"]


class ClaimsPage(Kind):
    """What the paper claims, in a sentence each, and whether it holds: in the numbers that the paper prints, and in
    ours. Where ours are not there, the reason names what to run. The rows behind every verdict are in the csv.
    """

    name = "claims"
    title = "Claims"
    reads = ("metrics", "per_user", "statistics", "simulations")
    files = (".csv", "_rows.csv", ".md", ".html")
    in_report = {".html": {}}
    category = "Paper versus ours"

    def write(self, contents: Contents, folder: Path) -> None:
        """Write ``claims.{csv,md,html}``, a line for every claim, and ``claims_rows.csv``, the comparisons behind.

        ``contents``: of a study whose runs are all there, or what of it is `dotbench.reporting.records.finished`.
        """
        key = str(contents.published)
        published, claims = load_published(key), load_claims(key)
        assert claims is not None
        found = verdicts(key, published, claims, contents)
        lines = [_line(one) for one in found]
        write_csv(folder / "claims.csv", lines, COLUMNS)
        write_csv(folder / "claims_rows.csv", [row for one in found for row in _rows(one)], ["claim", "side", *ROWS])
        for kind, text in render_page(
            {"What the paper claims": (lines, SHOWN)}, _notes(published.paper, claims.needs)
        ).items():
            write_text(folder / f"claims.{kind}", text)


def _line(found: Verdict) -> Row:
    claim = found.claim
    line: Row = {"claim": claim.id, "where": claim.where, "says": claim.claim, "note": claim.note}
    for side in SIDES:
        finding = getattr(found, side)
        line |= {f"{side}_verdict": finding.verdict, f"{side}_reason": finding.reason}
    return line


def _rows(found: Verdict) -> list[Row]:
    """The comparisons behind a verdict. Of rows that only add to a number, ``says`` is empty."""
    return [{"claim": found.claim.id, "side": side, **row} for side in SIDES for row in getattr(found, side).rows]


def _why(line: Row) -> str:
    """What decides it. Of a side that tells nothing only what to run."""
    parts = [f"In print: {line['print_reason']}"] if line["print_verdict"] != OPEN else []
    parts += [f"In ours: {line['ours_reason']}", line["note"] or ""]
    return " ".join(filter(None, parts))


def _notes(paper: str, needs: str) -> list[str]:
    return [
        f"{paper}. The claims are in our words.",
        "In print: judged by the numbers that the paper prints, or by an argument. If the numbers have a ±, one "
        "method counts as worse than another only if Welch's test finds a difference (p < .05).",
        "In ours: judged by our runs. A difference counts if p < .05 after Holm's adjustment over all methods of the "
        "paper; it is tested over users for rankings and over replications elsewhere. A number agrees if it lies "
        "within the tolerance of paper versus ours.",
        "Cannot be told: nothing contradicts the claim, but part of it was not run, or its methods cannot be "
        "distinguished.",
        f"Our runs are made by {needs}, unless the reason names something else.",
    ]


SHOWN = [
    Column("Where", lambda line: line["where"]),
    Column("Claim", lambda line: line["says"]),
    Column("In print", lambda line: line["print_verdict"], bold=lambda line: line["print_verdict"] != OPEN),
    Column("In ours", lambda line: line["ours_verdict"], bold=lambda line: line["ours_verdict"] != OPEN),
    Column("Why", _why),
]
