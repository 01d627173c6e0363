"""The page of results in a browser: every page opens; tables sort and filter, methods hide, numbers open."""

import csv
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def table(site: Path, study: str, name: str) -> list[dict[str, str]]:
    with open(site.parent / study / "tables" / f"{name}.csv") as stream:
        return list(csv.DictReader(stream))


def cells(section: Any, column: int, within: str = "table.board") -> list[str]:
    """The texts of a column of the first table, as it is sorted; 1 is the first column, without its marks."""
    chosen = f"tbody tr > :nth-child({column})" + (" button" if column == 1 else "")
    texts: list[str] = section.locator(within).first.locator(chosen).all_inner_texts()
    return texts


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_every_page_opens_and_fits(visit, site, width, dark):
    watched = visit(site, width, dark)
    names = watched.pages()
    assert {"overview", "pages/ranking", "pages/rg2", "pages/t2rec", "papers", "data", "errata", "glossary"} == {*names}
    for name in names:
        section = watched.go(name)
        assert section.locator("h1, h2").first.inner_text()
        assert watched.overflow() <= 0, name
        assert watched.page.locator("[data-page]:visible").count() == 1
        for picture in section.locator("img").all():
            picture.scroll_into_view_if_needed()
            watched.page.wait_for_function("(one) => one.complete", arg=picture.element_handle())
            assert picture.evaluate("(one) => one.naturalWidth") > 0


def test_the_overview_says_who_won_and_what_it_costs(visit, site):
    """RG2 is best by construction; popularity trains in the shortest time."""
    watched = visit(site)
    section = watched.go("overview")
    answers = section.locator(".answer")
    assert answers.count() == 3  # ranking on two datasets, the paper's study on one; no scenario of a simulation
    rows = [row for row in table(site, "ranking", "ranking") if row["dataset"] == "sim-ratings"]
    best, *others = sorted(rows, key=lambda row: -float(row["ndcg@10_mean"]))
    text = " ".join(answers.first.inner_text().split())
    assert text.startswith("Ranking on Simulated ratings")
    assert f"{best['method']} is best, and significantly better than every other method: NDCG@10" in text
    assert f"{float(best['ndcg@10_mean']):.4f} [{float(best['ndcg@10_low']):.4f}," in text
    gap = float(best["ndcg@10_mean"]) - float(others[0]["ndcg@10_mean"])
    assert f"next {others[0]['method']}, {gap:.4f}" in text
    seconds = [float(row["train_seconds_mean"]) for row in (best, *others)]
    assert f"time of the best {best['method']}, {seconds[0]:.3g} s of training" in text
    assert ("cheapest of all" in text) == (seconds[0] > min(seconds))
    answers.first.get_by_role("button", name=best["method"], exact=True).first.click()
    assert "Seeds" in watched.page.get_by_role("dialog").inner_text()
    watched.page.keyboard.press("Escape")
    row = section.locator("table.studies tbody tr").first
    assert best["method"] in row.inner_text()
    answers.first.get_by_role("link", name="Simulated ratings").click()
    watched.page.locator("#card-sim-ratings").wait_for()  # a browser tells of a new address after the click
    watched.go("overview")
    answers.first.get_by_role("link", name="All 5 methods").click()
    watched.page.locator('[data-page="pages/ranking"]').wait_for()


def test_the_overview_names_ties(visit, site, tmp_path):
    """The same page, had no comparison found a difference."""
    text = site.read_text("utf-8")
    for standing in ("best", ""):
        text = text.replace(f'"standing":{{"ndcg@10":"{standing}"', '"standing":{"ndcg@10":"tie"')
    page = tmp_path / "index.html"
    page.write_text(text, "utf-8")
    answer = visit(page).go("overview").locator(".answer").first
    lead = answer.locator(".lead").inner_text()
    assert lead.startswith("MF RG2 (ALS) has the best mean: NDCG@10")
    others = "MF WRMF (ALS), MF Softmax (SGD), MF BPR (SGD), Popularity"
    assert lead.endswith(f". Not significantly different from it: {others}.")
    assert "cheapest of the best" in answer.inner_text()
    assert "significantly better" not in lead


def test_the_numbers_are_those_of_the_table_best_first(visit, site):
    section = visit(site).go("pages/ranking")
    rows = [row for row in table(site, "ranking", "ranking") if row["dataset"] == "sim-ratings"]
    means = sorted((float(row["ndcg@10_mean"]) for row in rows), reverse=True)
    assert cells(section, 2) == [f"{mean:.4f}" for mean in means]
    assert cells(section, 1)[0] == "MF RG2 (ALS)"


def test_columns_sort_by_click_and_by_key_and_say_so(visit, site):
    watched = visit(site)
    section = watched.go("pages/ranking")
    header = section.locator("table.board thead th").first
    header.get_by_role("button").click()
    names = cells(section, 1)
    assert names == sorted(names)
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").focus()
    watched.page.keyboard.press("Enter")
    assert cells(section, 1) == sorted(names, reverse=True)
    assert header.get_attribute("aria-sort") == "descending"


def test_methods_are_searched_and_filtered(visit, site):
    section = visit(site).go("pages/ranking")
    section.get_by_label("Search").fill("rg2 ALS")
    assert cells(section, 1) == ["MF RG2 (ALS)"]
    section.get_by_label("Search").fill("")
    section.get_by_label("Solver").select_option("als")
    assert sorted(cells(section, 1)) == ["MF RG2 (ALS)", "MF WRMF (ALS)"]


def test_another_metric_and_another_dataset_are_chosen(visit, site):
    section = visit(site).go("pages/ranking")
    section.get_by_label("Metric").select_option("mrr@10")
    assert section.locator("table.board thead").inner_text().startswith("Method")
    assert "MRR@10" in section.locator("table.board thead th").nth(1).inner_text()
    section.get_by_label("Leaderboard").select_option(label="MovieLens 10M")
    assert section.locator("h2").first.inner_text().endswith("MovieLens 10M")


def test_letters_and_pairs_agree_with_the_table(visit, site):
    """Softmax and BPR cannot be told apart by construction; RG2 stands alone."""
    section = visit(site).go("pages/ranking")
    letters = dict(zip(cells(section, 1), cells(section, 5), strict=True))
    assert letters["MF Softmax (SGD)"] == letters["MF BPR (SGD)"] != letters["MF RG2 (ALS)"]
    body = section.locator("table.heat tbody")
    real = body.locator("td", has_text="≈").count()
    pairs = table(site, "ranking", "ranking_pairs")
    tied = [
        p for p in pairs if (p["dataset"], p["metric"]) == ("sim-ratings", "ndcg@10") and float(p["p_holm"]) >= 0.05
    ]
    assert real == 2 * len(tied)


def test_a_number_opens_with_everything_behind_it_and_closes(visit, site):
    watched = visit(site)
    section = watched.go("pages/ranking")
    section.get_by_role("button", name="MF BPR (SGD)").first.click()
    dialog = watched.page.get_by_role("dialog")
    text = dialog.inner_text()
    for part in ("Settings", "Grid", "Seeds", "Curve", "Data", "Again", "chosen, on the low edge", "a processor"):
        assert part in text
    assert "dotbench fit --dataset sim-ratings --model mf --loss bpr --solver sgd" in text
    assert "dotbench run ranking_ranking -c results/pages/configuration.json" in text
    assert dialog.locator("table.heat tbody tr").count() == 3  # the grid has 3 × 2 points
    assert dialog.locator("svg circle[role=img]").count() == 12  # six trials by each of two settings
    watched.page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_a_number_of_a_simulation_opens(visit, site):
    watched = visit(site)
    section = watched.go("pages/t2rec")
    section.locator("table.board .open").first.click()
    assert "dotbench run t2rec_" in watched.page.get_by_role("dialog").inner_text()


def test_curves_change_axes_and_hide_methods(visit, site):
    watched = visit(site)
    section = watched.go("pages/ranking")
    picture = section.locator("[data-part=curves] svg")
    assert "epoch" in picture.inner_html()
    marks = picture.locator("g[role=img]").count()
    section.get_by_label("Horizontal axis").select_option("seconds")
    assert "training time" in picture.inner_html()
    section.get_by_role("button", name="logarithmic x").click()
    section.get_by_role("button", name="logarithmic y").click()
    button = section.get_by_role("group", name="Methods shown").get_by_role("button", name="MF BPR (SGD)")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert picture.locator("g[role=img]").count() == marks - 1
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    watched.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "MF RG2 (ALS)" in watched.page.locator("#tip").inner_text()
    assert "MF BPR (SGD)" not in watched.page.locator("#tip").inner_text()


def test_verdicts_filter_and_their_numbers_open(visit, site):
    watched = visit(site)
    section = watched.go("papers")
    with open(site.parent / "rg2" / "paper_vs_ours.csv") as stream:
        lines = list(csv.DictReader(stream))
    judged = [line for line in lines if line["verdict"] != "not run"]
    rows = section.locator("table.forest").first.locator("tbody tr")
    assert rows.count() == len(judged) > 0
    section.get_by_role("button", name="not run:").click()
    assert rows.count() == len(lines)
    section.get_by_label("Search").fill("BPR ml-10m")
    assert rows.count() == sum("BPR" in line["paper_method"] and "ml-10m" in line["dataset"] for line in lines)
    rows.first.get_by_role("button").click()
    assert "Seeds" in watched.page.get_by_role("dialog").inner_text()


def test_claims_are_filtered_by_verdict(visit, site):
    section = visit(site).go("papers")
    with open(site.parent / "rg2" / "claims.csv") as stream:
        lines = list(csv.DictReader(stream))
    claims = section.locator(".claim")
    assert claims.count() == len(lines)
    for label, column in (("In print", "print_verdict"), ("In ours", "ours_verdict")):
        section.get_by_label(label).select_option("does not hold")
        wanted = [line["says"] for line in lines if line[column] == "does not hold"]
        assert claims.locator(".said").all_inner_texts() == wanted
        section.get_by_label(label).select_option("")


@pytest.mark.parametrize("width", [1400, 390])
def test_a_claim_opens_by_key_to_the_rows_behind_it(visit, site, width):
    """Numbers in print lead to their line among the published ones, ours to their runs."""
    watched = visit(site, width)
    section = watched.go("papers")
    claim = section.locator(".claim").filter(has_text="RG2 gains 4.63 %")
    assert [chip.strip() for chip in claim.locator(".chip").all_inner_texts()] == [
        "In print: holds",
        "In ours: does not hold",
    ]
    claim.locator("summary").focus()
    watched.page.keyboard.press("Enter")
    rows = claim.locator("table.behind tbody tr")
    rows.first.wait_for()
    with open(site.parent / "rg2" / "claims_rows.csv") as stream:
        behind = [row for row in csv.DictReader(stream) if row["claim"] == "rg2-gain-movielens"]
    assert rows.count() == len(behind) == 6
    assert watched.overflow() <= 0
    assert "against" in rows.first.inner_text()  # what decides comes first
    rows.filter(has_text="In ours").filter(has_text="a part").first.locator("button.open").first.click()
    assert "Seeds" in watched.page.get_by_role("dialog").inner_text()
    watched.page.keyboard.press("Escape")
    section.get_by_label("Search").fill("nothing like this")
    rows.get_by_role("button", name="RG2, ml-10m: 0.4723").press("Enter")
    shown = watched.page.evaluate("document.activeElement.innerText")
    assert "RG2" in shown
    assert "0.4723" in shown
    claim.locator("summary").press("Enter")
    assert not claim.locator("table.behind").is_visible()


def test_light_and_dark_are_switched(visit, site):
    watched = visit(site)
    back = "getComputedStyle(document.body).backgroundColor"
    light = watched.page.evaluate(back)
    button = watched.page.get_by_role("button", name="Dark")
    button.click()
    assert watched.page.evaluate(back) != light
    assert button.get_attribute("aria-pressed") == "true"
    assert visit(site, dark=True).page.evaluate(back) == watched.page.evaluate(back)


def test_text_of_data_is_no_markup(visit, site):
    section = visit(site).go("data")
    assert "a <b>server</b> & co" in section.inner_text()


def test_on_paper_nothing_is_cut_off(visit, site):
    """The width is that of A4 between margins of a centimetre."""
    watched = visit(site, 718)
    section = watched.go("pages/ranking")
    section.get_by_role("button", name="MF BPR (SGD)", pressed=True).click()
    watched.page.emulate_media(media="print")
    assert not watched.page.locator("header").is_visible()
    assert section.locator("table.board").first.is_visible()
    assert watched.overflow() <= 0
    shown = [text for text in section.locator(".legend").inner_text().splitlines() if text.strip()]
    assert "MF RG2 (ALS)" in shown
    assert "MF BPR (SGD)" not in shown


def test_controls_have_names_and_tables_captions(visit, site):
    watched = visit(site)
    for name in watched.pages():
        section = watched.go(name)
        for control in section.locator("button, select, input").all():
            named = control.evaluate("(one) => (one.labels?.[0] ?? one).textContent.trim()")
            assert named, control.evaluate("(one) => one.outerHTML")
        for picture in section.locator("svg[role], img").all():
            assert picture.get_attribute("aria-label") or picture.get_attribute("alt")
        for drawn in section.locator("[data-part] table").all():
            assert drawn.locator("caption").count() == 1


@pytest.mark.large
def test_all_evidence_opens_and_fits(visit, tmp_path):
    from dotbench.site.evidence import build_evidence

    file = tmp_path / "index.html"
    build_evidence(file)
    assert file.stat().st_size < 6_000_000
    for width in (1400, 390):
        watched = visit(file, width)
        assert watched.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") < 5_000
        for name in watched.pages():
            watched.go(name)
            assert watched.overflow() <= 0, (name, width)
