// The overview: who wins on each dataset of each study, by how much, what ties with it, and what is cheapest.

const ANSWERS = 6; // contests on datasets, above which they stand in the table alone
const SCENARIOS = 3; // of a simulation in the table
const LISTED = 8; // methods of an answer

function overview(container) {
  const found = DATA.chapters.flatMap(contests).filter(({ board }) => board.dataset in DATA.titles);
  if (found.length <= ANSWERS) container.append(el("div", { class: "answers" }, found.map(answer)));
  container.append(el("h2", {}, "Every study"), studies());
}

/** What is compared in the first table of a study: one contest for each dataset, or scenario of a simulation. */
function contests(chapter) {
  const competing = chapter.boards.filter((board) => board.competes);
  return competing.filter((board) => board.table === competing[0].table).map((board) => contest(chapter, board));
}

/** `order`: the lines, best first; `top`: the first and those that are not significantly different from it. */
function contest(chapter, board) {
  const measure = board.measures[0];
  const sign = measure.lower ? 1 : -1;
  const order = board.lines.filter((line) => isNumber(valueOf(line, measure))).sort((a, b) => sign * (valueOf(a, measure) - valueOf(b, measure)));
  const [first] = order;
  const top = order.filter((line) => line === first || (first.standing[measure.key] === "tie" && line.standing[measure.key] === "tie"));
  return { chapter, board, measure, order, first, top, isBest: first?.standing[measure.key] === "best" };
}

const fastest = (lines) => lines.filter((line) => isNumber(line.costs.seconds)).reduce((a, b) => (a && a.costs.seconds <= b.costs.seconds ? a : b), null);

function opens({ board, measure, chapter }, line, text) {
  return el("button", { type: "button", class: "open", click: () => openLine(line, board, measure, chapter) }, text ?? line.method);
}

/** A dataset of the page as a link to its card; other names as they are. */
function datasetLink(name) {
  const show = () => requestAnimationFrame(() => setTimeout(() => document.getElementById(`card-${name}`)?.scrollIntoView()));
  return name in DATA.titles ? el("a", { href: "#data", click: show }, datasetTitle(name)) : name;
}

function answer(of) {
  const { chapter, board, measure, order, first } = of;
  const heading = el("h2", {}, el("a", { href: `#${chapter.id}` }, chapter.title), " on ", datasetLink(board.dataset));
  if (!first) return el("article", { class: "answer" }, heading, el("p", {}, "Every method failed."));
  const timed = order.filter((line) => line.costs.seconds > 0);
  const picture = el("div");
  if (timed.length > 1) drawn(picture, (width) => tradeoff(timed, board, measure, width, chapter));
  return el("article", { class: "answer" }, heading, el("p", { class: "lead" }, verdict(of)), facts(prices(of)), shortList(of),
    timed.length > 1 ? [picture, el("p", { class: "note" }, "Dashed line: the Pareto front. No method is both faster and better than a method on it.")] : null,
    el("p", {}, el("a", { href: `#${chapter.id}` }, `All ${board.lines.length} methods, other metrics, pairs, curves and tables`)));
}

function verdict(of) {
  const { board, measure, first, top, isBest } = of;
  const value = `${measure.title} ${quality(valueOf(first, measure))} ${range(...first.values[measure.key].slice(1, 3))}`.trim();
  if (isBest) return [opens(of, first), ` is best, and significantly better than every other method: ${value}.`];
  const begin = [opens(of, first), ` has the best mean: ${value}. `];
  if (top.length > 1) return [...begin, "Not significantly different from it: ", ...top.slice(1).flatMap((line, k) => [k ? ", " : "", opens(of, line)]), "."];
  if (board.lines.some((line) => line.failed)) return [...begin, "No method is marked as best, because runs failed."];
  return [...begin, "Differences between methods were not tested."];
}

/** What is next, and what quality costs less time. */
function prices(of) {
  const { measure, order, first, top } = of;
  const behind = (line) => {
    const gap = Math.abs(valueOf(line, measure) - valueOf(first, measure));
    return `${quality(gap)} (${brief((100 * gap) / Math.abs(valueOf(first, measure)))} %) ${measure.lower ? "above" : "below"} the best`;
  };
  const next = order.find((line) => !top.includes(line));
  const [quick, quickTop] = [fastest(order), fastest(top)];
  const seconds = (line) => `${brief(line.costs.seconds)} s${line.shared ? "*" : ""} of training`;
  return [
    ["next", next ? [opens(of, next), `, ${behind(next)}`] : null],
    [top.length > 1 ? "cheapest of the best" : "time of the best", quickTop ? [opens(of, quickTop), `, ${seconds(quickTop)}`] : null],
    ["cheapest of all", quick && quick !== quickTop ? [opens(of, quick), `, ${seconds(quick)}, ${behind(quick)}`] : null],
  ];
}

function shortList(of) {
  const { board, measure, order, top } = of;
  const lines = order.slice(0, LISTED);
  const bars = intervalScale(lines.map((line) => line.values[measure.key]), measure);
  const timed = lines.some((line) => isNumber(line.costs.seconds));
  const columns = [
    { title: "Method", cell: (line) => opens(of, line) },
    { title: measure.title, number: true, cell: (line) => opens(of, line, quality(valueOf(line, measure))) },
    { title: "95 % interval", cell: (line) => intervalBar(line.values[measure.key], bars) },
    ...(timed ? [{ title: "Training s", number: true, cell: (line) => brief(line.costs.seconds) + (line.shared ? "*" : "") }] : []),
  ];
  const said = `${lines.length < order.length ? `The best ${lines.length} of ${board.lines.length} methods. ` : ""}`
    + `${measure.lower ? "Lower" : "Higher"} is better. Marked: the best and what is not significantly different from it. `
    + "Differences are tested in pairs, so intervals of methods that differ may overlap."
    + (lines.some((line) => line.shared) ? " *: shared the machine." : "");
  return table(columns, lines, { caption: said, className: "board", rowClass: (line) => (line.standing[measure.key] && top.includes(line) ? "top" : null) });
}

/** A row for every contest, and for every study that has none. */
function studies() {
  const several = new Set(DATA.chapters.map((chapter) => chapter.configuration)).size > 1;
  const rows = DATA.chapters.flatMap((chapter) => {
    const all = contests(chapter);
    const shown = all.filter(({ board }, k) => board.dataset in DATA.titles || k < SCENARIOS);
    return shown.length ? shown.map((of, k) => ({ ...of, leads: k === 0, more: k === shown.length - 1 ? all.length - shown.length : 0 })) : [{ chapter, leads: true }];
  });
  const cell = (show) => (row) => (row.first ? show(row) : "");
  const columns = [
    { title: "Study", value: ({ chapter }) => chapter.id, cell: ({ chapter }) => el("a", { href: `#${chapter.id}` }, several ? `${chapter.configuration}: ${chapter.title}` : chapter.title) },
    { title: "On", value: ({ board }) => board && datasetTitle(board.dataset), cell: ({ board, more }) => (board ? [datasetLink(board.dataset), more ? ` … and ${more} more` : ""] : "") },
    { title: "Metric", value: ({ measure }) => measure?.title, cell: ({ measure }) => measure?.title ?? "" },
    { title: "Best", value: ({ first }) => first?.method, cell: (row) => (row.board ? leader(row) : "see its tables and figures") },
    { title: "Value, 95 % interval", number: true, cell: cell((row) => [opens(row, row.first, quality(valueOf(row.first, row.measure))),
      el("div", { class: "note" }, range(...row.first.values[row.measure.key].slice(1, 3)))]) },
    { title: "Not different from it", hidden: rows.every((row) => !row.first || row.top.length < 2), cell: cell((row) => row.top.slice(1).map((line) => line.method).join(", ")) },
    { title: "Fastest of these", cell: cell((row) => { const line = fastest(row.top); return line ? `${row.top.length > 1 ? `${line.method}, ` : ""}${brief(line.costs.seconds)} s` : ""; }) },
    { title: "Methods", number: true, value: ({ board }) => board?.lines.length, cell: ({ board }) => String(board?.lines.length ?? "") },
    ...(DATA.chapters.some((chapter) => chapter.verdicts) ? [{ title: "Against the paper", cell: verdictsInShort }] : []),
  ];
  return table(columns.filter((column) => !column.hidden), rows, { className: "studies", caption: "The first table of each study: the best method on each dataset, and the methods that are not significantly different from it." });
}

function leader(row) {
  if (!row.first) return "all failed";
  return row.isBest ? [opens(row, row.first), " ", el("span", { class: "chip best" }, "best")] : opens(row, row.first);
}

function verdictsInShort({ chapter, leads }) {
  if (!chapter.verdicts || !leads) return "";
  const chips = Object.entries(chapter.verdicts.counts).filter(([verdict]) => verdict !== "not run");
  return chips.length ? chips.map(([verdict, count]) => [verdictChip(verdict, count), " "]).flat() : "only the order";
}
