// Paper versus ours: a line for every published number, with both intervals and a verdict.

const verdictClass = (verdict) => (verdict === "reproduces" ? "reproduces" : verdict.startsWith("differs") ? "differs" : verdict === "not run" ? "" : "warn");
const verdictChip = (verdict, count) => el("span", { class: `chip ${verdictClass(verdict)}`, title: DATA.verdicts[verdict] }, count === undefined ? verdict : `${verdict}: ${count}`);

let showPaper = () => {};

function papers(container) {
  const chapters = DATA.chapters.filter((chapter) => chapter.verdicts);
  if (!chapters.length) return;
  const content = el("div");
  const several = new Set(DATA.chapters.map((chapter) => chapter.configuration)).size > 1;
  const name = (chapter) => (several ? `${chapter.configuration}: ${chapter.title}` : chapter.title);
  const show = (id) => content.replaceChildren(...paper(chapters.find((chapter) => chapter.id === id)));
  const select = choice("Study", chapters.map((chapter) => [chapter.id, name(chapter)]), chapters[0].id, show);
  const run = (chapter) => chapter.verdicts.lines.length - (chapter.verdicts.counts["not run"] || 0);
  const first = [...chapters].sort((a, b) => run(b) - run(a))[0].id; // what has most to show
  showPaper = (id) => { select.querySelector("select").value = id; show(id); };
  container.append(el("div", { class: "tools" }, select), content);
  showPaper(first);
}

function paper(chapter) {
  const { verdicts } = chapter;
  const has = Object.keys(verdicts.counts);
  const judged = has.some((verdict) => verdict !== "not run");
  const state = { shown: new Set(judged ? has.filter((verdict) => verdict !== "not run") : has), search: "", on: "" };
  const places = [...new Set(verdicts.lines.map(placeOf))];
  const content = el("div");
  const show = () => {
    const words = state.search.toLowerCase().split(/\s+/);
    const lines = verdicts.lines.filter((line) => state.shown.has(line.verdict) && (!state.on || placeOf(line) === state.on)
      && words.every((word) => [line.table, line.dataset, line.paper_method, line.method, line.title].join(" ").toLowerCase().includes(word)));
    content.replaceChildren(forest(chapter, lines));
  };
  const filters = el("div", { class: "legend", role: "group", "aria-label": "Verdicts shown" }, has.map((verdict) => toggle(
    `${verdict}: ${verdicts.counts[verdict]}`, state.shown.has(verdict), (shown) => {
      if (shown) state.shown.add(verdict); else state.shown.delete(verdict);
      show();
    })));
  show();
  return [
    el("h2", {}, verdicts.paper), filters,
    el("div", { class: "tools" }, choice("On", [["", "all"], ...places.map((place) => [place, place])], "", (on) => { state.on = on; show(); }),
      el("label", {}, "Search", el("input", { type: "search", placeholder: "table, dataset, method", input: (event) => { state.search = event.target.value; show(); } }))),
    content,
    ...orders(verdicts),
    el("details", {}, el("summary", {}, "Where the protocols differ, and what is not known"), el("ul", { class: "note" },
      el("li", {}, `Numbers: ${verdicts.source}.`), verdicts.remarks.map((remark) => el("li", {}, remark)))),
  ];
}

/** Dataset, or scenario, and metric: what shares a scale. */
const placeOf = (line) => `${line.dataset}, ${line.title}`;

function forest(chapter, lines) {
  const scales = {};
  for (const name of new Set(chapter.verdicts.lines.map(placeOf))) {
    const own = chapter.verdicts.lines.filter((line) => placeOf(line) === name);
    scales[name] = scale(...extent(own.flatMap((line) => [line.published, line.ours_mean, line.ours_low, line.ours_high, line.published_low, line.published_high]), 0.04), 6, 214, false);
  }
  const columns = [
    { title: "Method of the paper", value: (line) => line.paper_method, cell: (line) => line.paper_method },
    { title: "Table", value: (line) => line.table, cell: (line) => line.table },
    { title: "On", value: (line) => placeOf(line), cell: (line) => placeOf(line) },
    { title: "Published", number: true, value: (line) => line.published, cell: (line) => quality(line.published) },
    { title: "Ours", number: true, value: (line) => line.ours_mean, cell: (line) => (line.method ? el("button", { type: "button", class: "open", click: () => openVerdict(line, chapter) }, quality(line.ours_mean)) : "") },
    { title: "○ published, ● ours", cell: (line) => forestBar(line, scales[placeOf(line)]) },
    { title: "Difference", number: true, value: (line) => line.difference, cell: (line) => (isNumber(line.difference) ? (line.difference > 0 ? "+" : "−") + quality(Math.abs(line.difference)) : "") },
    { title: "Verdict", value: (line) => line.verdict, cell: (line) => verdictChip(line.verdict) },
    { title: "Our method", value: (line) => line.method, cell: (line) => line.method || "" },
    { title: "Notes", cell: (line) => line.notes || "" },
  ];
  return table(columns, lines, { caption: `${lines.length} of ${chapter.verdicts.lines.length} published numbers. Strokes: 95 % interval of ours; what the tolerance allows the published number. `
    + "Rows of one dataset and metric share a scale.", className: "forest" });
}

function forestBar(line, at) {
  if (!isNumber(line.ours_mean)) return "";
  const text = `published ${quality(line.published)}, ours ${quality(line.ours_mean)} ${range(line.ours_low, line.ours_high)}, tolerance ${quality(line.tolerance)}`;
  const stroke = (low, high, y, ink) => (isNumber(low) ? svg("line", { x1: at(low), x2: at(high), y1: y, y2: y, stroke: ink, "stroke-width": 2 }) : null);
  return el("span", { title: text }, svg("svg", { viewBox: "0 0 220 24", width: 220, height: 24, role: "img", "aria-label": text },
    svg("line", { class: "grid", x1: 0, x2: 220, y1: 12, y2: 12 }),
    stroke(line.published_low, line.published_high, 7, "var(--other)"), stroke(line.ours_low, line.ours_high, 17, "var(--mark)"),
    svg("circle", { cx: at(line.published), cy: 7, r: 4, fill: "var(--back)", stroke: "var(--other)", "stroke-width": 2 }),
    svg("circle", { cx: at(line.ours_mean), cy: 17, r: 4, fill: "var(--mark)" })));
}

/** The runs behind our number: the method's line on a board of its dataset. */
function openVerdict(line, chapter) {
  const place = line.dataset.split(", ")[0];
  const is = (board) => board.dataset === line.dataset || board.dataset === place || board.dataset.endsWith(`: ${line.dataset}`);
  for (const board of chapter.boards.filter(is)) {
    const found = board.lines.find((one) => one.method === line.method);
    const measure = board.measures.find((one) => one.key === line.metric) || board.measures[0];
    if (found) {
      openLine(found, board, measure, chapter);
      return;
    }
  }
  openDialog(line.method, `${line.dataset}: ${line.title}`, [facts([["published", quality(line.published)], ["ours", `${quality(line.ours_mean)} ${range(line.ours_low, line.ours_high)}`],
    ["tolerance", quality(line.tolerance)], ["verdict", line.verdict], ["runs", String(line.seeds)], ["notes", line.notes]]), el("pre", {}, chapter.command)]);
}

function orders(verdicts) {
  if (!verdicts.orders.length) return [];
  const columns = [
    { title: "Metric", value: (order) => order.title, cell: (order) => order.title },
    { title: "The paper's, on", value: (order) => order.paper_dataset, cell: (order) => order.paper_dataset },
    { title: "Ours, on", value: (order) => order.dataset, cell: (order) => order.dataset },
    { title: "Kendall's τ", number: true, down: true, value: (order) => order.kendall_tau, cell: (order) => order.kendall_tau.toFixed(2) },
    { title: "Order of the paper, best first", cell: (order) => order.paper_order },
    { title: "Our order", cell: (order) => order.our_order },
  ];
  return [el("h3", {}, "Order of the methods"), table(columns, verdicts.orders, { caption: "By the means, whether or not their differences are real; τ is 1 for the same order, −1 for the reverse." })];
}
