// Paper versus ours: what the paper claims, and a line for every published number, with both intervals and a verdict.

const verdictClass = (verdict) => (verdict === "reproduces" ? "reproduces" : verdict.startsWith("differs") ? "differs" : verdict === "not run" ? "" : "warn");
const verdictChip = (verdict, count) => el("span", { class: `chip ${verdictClass(verdict)}`, title: DATA.verdicts[verdict] }, count === undefined ? verdict : `${verdict}: ${count}`);

let showPaper = () => {};

function papers(container) {
  const chapters = DATA.chapters.filter((chapter) => chapter.verdicts || chapter.claims);
  if (!chapters.length) return;
  const content = el("div");
  const several = new Set(DATA.chapters.map((chapter) => chapter.configuration)).size > 1;
  const name = (chapter) => (several ? `${chapter.configuration}: ${chapter.title}` : chapter.title);
  const show = (id) => content.replaceChildren(...paper(chapters.find((chapter) => chapter.id === id)));
  const select = choice("Study", chapters.map((chapter) => [chapter.id, name(chapter)]), chapters[0].id, show);
  const run = (chapter) => (chapter.verdicts ? chapter.verdicts.lines.length - (chapter.verdicts.counts["not run"] || 0) : 0);
  const first = [...chapters].sort((a, b) => run(b) - run(a))[0].id; // what has most to show
  showPaper = (id) => { select.querySelector("select").value = id; show(id); };
  container.append(el("div", { class: "tools" }, select), content);
  showPaper(first);
}

function paper(chapter) {
  const numbers = chapter.verdicts ? publishedNumbers(chapter) : { parts: [], reveal: null };
  return [...(chapter.claims ? claimList(chapter, numbers.reveal) : []), ...numbers.parts];
}

/** Every published number; `reveal(place)` shows the one of a table, dataset, method and metric, if it is there. */
function publishedNumbers(chapter) {
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
  const on = choice("On", [["", "all"], ...places.map((place) => [place, place])], "", (value) => { state.on = value; show(); });
  const search = el("input", { type: "search", placeholder: "table, dataset, method", input: (event) => { state.search = event.target.value; show(); } });
  const find = (place) => verdicts.lines.find((line) => ["table", "dataset", "paper_method", "metric"].every((key) => line[key] === place[key]));
  const reveal = (place) => {
    const line = find(place);
    return line ? () => {
      Object.assign(state, { shown: new Set(has), search: "", on: "" });
      for (const button of filters.children) button.setAttribute("aria-pressed", "true");
      [search.value, on.querySelector("select").value] = ["", ""];
      show();
      const row = document.getElementById(numberId(chapter, line));
      row.scrollIntoView({ block: "center" });
      row.focus({ preventScroll: true });
    } : null;
  };
  const parts = [
    el("h2", {}, verdicts.paper), filters,
    el("div", { class: "tools" }, on, el("label", {}, "Search", search)),
    content,
    ...orders(verdicts),
    el("details", {}, el("summary", {}, "Where the protocols differ, and what is not known"), el("ul", { class: "note" },
      el("li", {}, `Numbers: ${verdicts.source}.`), verdicts.remarks.map((remark) => el("li", {}, remark)))),
  ];
  return { parts, reveal };
}

const numberId = (chapter, line) => `number-${DATA.chapters.indexOf(chapter)}-${chapter.verdicts.lines.indexOf(line)}`;

/** Dataset, or scenario, and metric: what shares a scale; a difference or a gain has one of its own. */
const placeOf = (line) => [line.dataset, line.title, line.derived ? line.paper_method : ""].filter(Boolean).join(", ");

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
  return table(columns, lines, { caption: `${lines.length} of ${chapter.verdicts.lines.length} published numbers. Stroke of ours: its 95 % interval. Stroke of the published number: what the tolerance allows. `
    + "Rows of one dataset and metric share a scale.", className: "forest", rowId: (line) => numberId(chapter, line) });
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

/** A method's line on a board of a dataset or scenario, with the board. */
function boardLine(chapter, dataset, method) {
  const place = dataset.split(", ")[0];
  const is = (board) => board.dataset === dataset || board.dataset === place || board.dataset.endsWith(`: ${dataset}`);
  for (const board of chapter.boards.filter(is)) {
    const found = board.lines.find((one) => one.method === method);
    if (found) return [found, board];
  }
  return null;
}

/** The runs behind our number: the method's line on a board of its dataset. */
function openVerdict(line, chapter) {
  const known = boardLine(chapter, line.dataset, line.method);
  if (known) {
    const [found, board] = known;
    openLine(found, board, board.measures.find((one) => one.key === line.metric) || board.measures[0], chapter);
    return;
  }
  openDialog(line.method, `${line.dataset}: ${line.title}`, [facts([["published", quality(line.published)], ["ours", `${quality(line.ours_mean)} ${range(line.ours_low, line.ours_high)}`],
    ["tolerance", quality(line.tolerance)], ["verdict", line.verdict], ["runs", String(line.seeds)], ["notes", line.notes]]), el("pre", {}, chapter.command)]);
}

const SIDES = { print: "In print", ours: "In ours" };
const claimClass = (verdict) => ({ holds: "reproduces", "does not hold": "differs" }[verdict] || "");
const SAYS = { against: "differs", undecided: "warn", agrees: "reproduces" }; // what decides comes first

/** What the paper claims: a line for each claim, which opens to the reasons and the rows behind. */
function claimList(chapter, reveal) {
  const { lines } = chapter.claims;
  const wanted = { print: "", ours: "" };
  const list = el("div", { class: "claims" });
  const count = el("p", { class: "note", "aria-live": "polite" });
  const show = () => {
    const shown = lines.filter((line) => Object.keys(SIDES).every((side) => !wanted[side] || line[`${side}_verdict`] === wanted[side]));
    count.textContent = `${shown.length} of ${lines.length} claims.`;
    list.replaceChildren(...shown.map((line) => claimLine(line, chapter, reveal)));
  };
  const filter = (side) => choice(SIDES[side], [["", `all (${lines.length})`], ...Object.keys(DATA.claims)
    .map((verdict) => [verdict, `${verdict} (${lines.filter((line) => line[`${side}_verdict`] === verdict).length})`])], "", (value) => { wanted[side] = value; show(); });
  show();
  return [el("h2", {}, "What the paper claims"), el("div", { class: "tools" }, Object.keys(SIDES).map(filter)), count, list];
}

function claimLine(line, chapter, reveal) {
  const chip = (side) => el("span", { class: `chip ${claimClass(line[`${side}_verdict`])}`, title: DATA.claims[line[`${side}_verdict`]] }, `${SIDES[side]}: ${line[`${side}_verdict`]}`);
  const details = el("details", { class: "claim" }, el("summary", {}, el("span", { class: "said" }, line.says), " ", el("span", { class: "chips" }, chip("print"), " ", chip("ours"))));
  details.addEventListener("toggle", () => { // drawn when it is opened for the first time
    if (details.open && details.children.length === 1) details.append(...claimParts(line, chapter, reveal));
  });
  return details;
}

function claimParts(line, chapter, reveal) {
  const rows = [...(DATA.printed[chapter.paper][line.claim] || []).map((row) => ({ side: "print", ...row })), ...line.rows.map((row) => ({ side: "ours", ...row }))];
  return [
    el("dl", {}, [["Where", line.where], ["In print", line.print_reason], ["In ours", line.ours_reason], ["Note", line.note]]
      .filter(([, text]) => text).map(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]).flat()),
    rows.length ? claimRows(rows, line, chapter, reveal) : null,
  ].filter(Boolean);
}

/** A number of a row: one in print leads to its line below, one of ours opens its runs. */
function claimNumber(row, method, value, chapter, reveal) {
  if (!isNumber(value)) return "";
  const dataset = row.dataset && row.part ? `${row.dataset}, ${row.part}` : row.dataset || "";
  const known = row.side === "ours" && boardLine(chapter, (row.dataset || "").split(" → ").pop(), method);
  const action = row.side === "print"
    ? reveal && reveal({ table: row.source, dataset, paper_method: method, metric: row.metric })
    : known && (() => openLine(known[0], known[1], known[1].measures.find((one) => one.key === row.metric) || known[1].measures[0], chapter));
  return action ? el("button", { type: "button", class: "open", "aria-label": `${method}, ${dataset}: ${brief4(value)}`, click: action }, brief4(value)) : brief4(value);
}

const brief4 = (value) => String(Number(value.toPrecision(4)));

function claimRows(rows, line, chapter, reveal) {
  const rank = (row) => (row.says ? Object.keys(SAYS).indexOf(row.says) : 9);
  const has = (key) => rows.some((row) => isNumber(row[key]));
  const columns = [
    { title: "Side", value: (row) => row.side, cell: (row) => SIDES[row.side] },
    { title: "On", value: (row) => row.dataset, cell: (row) => [row.dataset, row.part, row.title].filter(Boolean).join(", ") },
    { title: "What", value: (row) => row.first, cell: (row) => row.first },
    { title: "Value", number: true, value: (row) => row.first_value, cell: (row) => claimNumber(row, row.first, row.first_value, chapter, reveal) },
    { title: "Against", value: (row) => row.second, cell: (row) => row.second || "" },
    { title: "Value", number: true, value: (row) => row.second_value, cell: (row) => claimNumber(row, row.second, row.second_value, chapter, reveal) },
    { title: "Difference", number: true, hidden: !has("value"), value: (row) => row.value, cell: (row) => (isNumber(row.value) ? brief(row.value) : "") },
    { title: "Interval", hidden: !has("low"), cell: (row) => el("span", { class: "interval" }, range(row.low, row.high, brief)) },
    { title: "p", number: true, hidden: !has("p"), value: (row) => row.p, cell: (row) => (isNumber(row.p) ? brief(row.p) : "") },
    { title: "Says", value: (row) => row.says, cell: (row) => (row.says ? el("span", { class: `chip ${SAYS[row.says]}` }, row.says) : "a part") },
    { title: "From", value: (row) => row.source, cell: (row) => row.source || "an argument" },
  ];
  const parts = rows.some((row) => !row.says) ? " Parts add to a number: their difference is a gain in percent where it is one." : "";
  return table(columns.filter((column) => !column.hidden), [...rows].sort((a, b) => rank(a) - rank(b)),
    { caption: `The rows behind the verdicts on: ${line.says}${parts}`, className: "behind" });
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
