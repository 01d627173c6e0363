// Leaderboards: a table of methods, quality against seconds, and which differences are real.

const datasetTitle = (name) => DATA.titles[name] ?? name;

function leaderboards(chapter, container) {
  const { boards } = chapter;
  if (!boards.length) return;
  const tables = [...new Set(boards.map((board) => board.table))];
  const content = el("div");
  const choices = boards.map((board, k) => [String(k), tables.length > 1 ? `${board.table}: ${datasetTitle(board.dataset)}` : datasetTitle(board.dataset)]);
  const show = (k) => content.replaceChildren(...leaderboard(boards[Number(k)], chapter));
  if (boards.length > 1) container.append(el("div", { class: "tools" }, choice("Leaderboard", choices, "0", show)));
  container.append(content);
  show("0");
}

function leaderboard(board, chapter) {
  const state = { measure: board.measures[0], search: "", solver: "" };
  const solvers = [...new Set(board.lines.map((line) => (line.run ? DATA.runs[line.run].solver : null)).filter(Boolean))];
  const content = el("div");
  const show = () => {
    const lines = board.lines.filter((line) => isWanted(line, state));
    content.replaceChildren(boardTable(board, lines, state.measure, chapter), ...boardPictures(board, lines, state.measure, chapter));
  };
  const change = (key) => (value) => { state[key] = value; show(); };
  const tools = el("div", { class: "tools" },
    board.measures.length > 1 ? choice("Metric", board.measures.map((m) => [m.key, m.title]), state.measure.key,
      (key) => change("measure")(board.measures.find((m) => m.key === key))) : null,
    el("label", {}, "Search", el("input", { type: "search", placeholder: "method or setting", input: (event) => change("search")(event.target.value) })),
    solvers.length > 1 ? choice("Solver", [["", "all"], ...solvers.map((name) => [name, name])], "", change("solver")) : null);
  show();
  return [el("h2", {}, `${board.title.replace(/\.$/, "")}: ${datasetTitle(board.dataset)}`), tools, content];
}

function isWanted(line, { search, solver }) {
  const run = line.run ? DATA.runs[line.run] : {};
  if (solver && run.solver !== solver) return false;
  const text = [line.method, run.model, run.loss, run.solver, line.facts.tuned, line.facts.chosen].join(" ").toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

const PLACES = { best: ["best", "best"], tie: ["≈ best", "best"], second: ["second", ""], "second tie": ["≈ second", ""] };
const valueOf = (line, measure) => line.values[measure.key][0];

function boardTable(board, lines, measure, chapter) {
  const all = [...board.lines];
  const bars = intervalScale(all.map((line) => line.values[measure.key]), measure);
  const used = [...new Set(all.flatMap((line) => letterList(line, measure)))].sort(byLetter);
  const opens = (text, line) => el("button", { type: "button", class: "open", click: () => openLine(line, board, measure, chapter) }, text);
  const costs = (key) => all.some((line) => isNumber(line.costs[key]));
  const columns = [
    { title: "Method", value: (line) => line.method, cell: (line) => [opens(line.method, line), ...warnings(line)] },
    { title: measure.title, number: true, down: !measure.lower, value: (line) => valueOf(line, measure),
      cell: (line) => opens(line.failed && valueOf(line, measure) === null ? "failed" : quality(valueOf(line, measure)), line) },
    { title: "95 % interval", cell: (line) => intervalBar(line.values[measure.key], bars) },
    { title: "Place", hidden: !all.some((line) => line.standing[measure.key]), value: (line) => Object.keys(PLACES).indexOf(line.standing[measure.key]) + (line.standing[measure.key] ? 0 : 9),
      cell: (line) => {
        const place = PLACES[line.standing[measure.key]];
        return place ? el("span", { class: `chip ${place[1]}` }, place[0]) : "";
      } },
  ];
  if (used.length > 1 || (used.length && lines.length > 1)) {
    columns.push({ title: "Tie group", value: (line) => letterList(line, measure).join(""), cell: (line) => letterCell(line, measure, used) });
  }
  for (const other of board.measures.filter((one) => one !== measure).slice(0, 2)) {
    columns.push({ title: other.title, number: true, down: !other.lower, value: (line) => valueOf(line, other), cell: (line) => quality(valueOf(line, other)) });
  }
  if (costs("seconds")) {
    columns.push({ title: "Training s", number: true, value: (line) => line.costs.seconds, cell: (line) => brief(line.costs.seconds) + (line.shared ? "*" : "") });
  }
  if (costs("memory")) columns.push({ title: "Memory", number: true, value: (line) => line.costs.memory, cell: (line) => megabytes(line.costs.memory) });
  if (costs("tuning")) columns.push({ title: "Tuning CPU s", number: true, value: (line) => line.costs.tuning, cell: (line) => brief(line.costs.tuning) });
  const shown = columns.filter((column) => !column.hidden);
  const seeds = [...new Set(all.map((line) => line.seeds))].join(" or ");
  const better = board.competes ? `, ${measure.lower ? "lower" : "higher"} is better` : "";
  const caption = `${lines.length} of ${all.length} methods on ${datasetTitle(board.dataset)}. ${measure.title}${better}: `
    + `mean over ${seeds} runs with its 95 % interval.`
    + (used.length ? " Methods that share a letter are tied: their difference is not significant (p ≥ .05, Holm over all pairs)." : "")
    + (all.some((line) => line.facts.on_edge) ? " edge: a chosen setting is on the edge of its grid." : "")
    + (all.some((line) => line.shared) ? " *: shared the machine." : "");
  return table(shown, lines, { caption, sort: [1, !measure.lower], className: "board",
    rowClass: (line) => (["best", "tie"].includes(line.standing[measure.key]) ? "top" : null) });
}

function warnings(line) {
  const chips = [];
  if (line.failed) chips.push(el("span", { class: "chip warn" }, `${line.failed} of ${line.seeds} failed`));
  if (line.facts.on_edge) chips.push(el("span", { class: "chip warn", title: `on the edge of the grid: ${line.facts.on_edge}` }, "edge"));
  return chips.map((chip) => [" ", chip]).flat();
}

function letterList(line, measure) {
  return (line.letters[measure.key] || "").match(/[a-z]\d*/g) || [];
}

const byLetter = (a, b) => a.length - b.length || a.localeCompare(b);

/** A lane for every letter: rows that follow each other with the same letter make one line down the table. */
function letterCell(line, measure, used) {
  const own = letterList(line, measure);
  return el("span", { class: "letters" }, used.map((letter, k) =>
    own.includes(letter) ? el("span", { class: "in", style: `background:${colour(k)}` }, letter) : el("span", { "aria-hidden": "true" })));
}

/** A scale for the intervals; what is far worse than the middle of the methods stands behind its end. */
function intervalScale(values, measure) {
  const known = values.filter(([mean]) => isNumber(mean));
  if (!known.length) return scale(0, 1, 12, 172, false);
  const best = known.map(([mean]) => mean).reduce((a, b) => (measure.lower === a < b ? a : b));
  const behind = (value) => Math.abs(value[0] - best);
  const middle = known.map(behind).sort((a, b) => a - b)[Math.floor(known.length / 2)];
  const near = known.filter((value) => behind(value) <= 5 * middle);
  const [low, high] = extent((near.length > 1 ? near : known).flatMap((value) => value.slice(0, 3)), 0.04);
  return scale(low, high, 12, 172, false);
}

function intervalBar([mean, low, high], at) {
  if (!isNumber(mean)) return "";
  const text = range(low, high);
  if (at(mean) < 8 || at(mean) > 176) {
    const far = at(mean) < 8 ? "M10,4L2,9L10,14" : "M170,4L178,9L170,14";
    return el("span", { title: `${text}, beyond the scale` }, svg("svg", { viewBox: "0 0 180 18", width: 180, height: 18, role: "img", "aria-label": `${text}, beyond the scale` },
      svg("line", { class: "grid", x1: 0, x2: 180, y1: 9, y2: 9 }), svg("path", { d: far, fill: "none", stroke: "var(--mark)", "stroke-width": 2 })));
  }
  return el("span", { title: text }, svg("svg", { viewBox: "0 0 180 18", width: 180, height: 18, role: "img", "aria-label": text || quality(mean) },
    svg("line", { class: "grid", x1: 0, x2: 180, y1: 9, y2: 9 }),
    isNumber(low) ? svg("rect", { x: at(low), width: Math.max(1, at(high) - at(low)), y: 5.5, height: 7, rx: 2, fill: "var(--mark)", opacity: 0.4 }) : null,
    svg("circle", { cx: at(mean), cy: 9, r: 3.6, fill: "var(--mark)" })));
}

const BESIDE = 7; // methods, up to which both pictures stand beside each other

function boardPictures(board, lines, measure, chapter) {
  const timed = lines.filter((line) => isNumber(line.costs.seconds) && line.costs.seconds > 0 && isNumber(valueOf(line, measure)));
  const parts = [];
  if (timed.length > 1) {
    const place = el("div");
    parts.push(el("div", {}, el("h3", {}, `${measure.title} against training seconds`), place,
      el("p", { class: "note" }, "Strokes: 95 % intervals. Dashed line: the Pareto front; no method is both faster and better than a method on it.")));
    drawn(place, (width) => tradeoff(timed, board, measure, width, chapter));
  }
  const pairs = (board.pairs[measure.key] || []).filter(([a, b]) => lines.includes(board.lines[a]) && lines.includes(board.lines[b]));
  if (pairs.length) parts.push(el("div", {}, el("h3", {}, "Pairs: which differences are real"), heat(board, lines, measure, pairs)));
  return parts.length ? [el("div", { class: lines.length > BESIDE ? null : "panels" }, parts)] : [];
}

/** The methods that no other one beats in both, fastest first. */
function paretoFront(lines, measure) {
  const sign = measure.lower ? -1 : 1;
  const order = [...lines].sort((a, b) => a.costs.seconds - b.costs.seconds || sign * (valueOf(b, measure) - valueOf(a, measure)));
  let best = -Infinity;
  return order.filter((line) => {
    const value = sign * valueOf(line, measure);
    if (value <= best) return false;
    best = value;
    return true;
  });
}

function tradeoff(lines, board, measure, width, chapter) {
  const { node, layer, x, y, box } = frame({
    width, height: Math.max(280, Math.min(420, width * 0.66)), label: `${measure.title} against training seconds on ${datasetTitle(board.dataset)}`,
    x: { values: lines.map((line) => line.costs.seconds).flatMap((s) => [s / 1.3, s * 1.3]), title: "training seconds", log: true },
    y: { values: lines.flatMap((line) => line.values[measure.key].slice(0, 3)), title: measure.title },
  });
  const front = paretoFront(lines, measure);
  let path = "";
  front.forEach((line, k) => {
    const [px, py] = [x(line.costs.seconds), y(valueOf(line, measure))];
    path += k === 0 ? `M${px},${py}` : `H${px}V${py}`;
  });
  if (front.length) layer.append(svg("path", { d: `${path}H${box.right}`, fill: "none", stroke: "var(--faint)", "stroke-dasharray": "5 3" }));
  const taken = lines.map((line) => ({ x0: x(line.costs.seconds) - 5, y0: y(valueOf(line, measure)) + 4, size: 10 }));
  for (const line of [...front, ...lines.filter((one) => !front.includes(one))]) {
    const k = hue(chapter, line.method);
    const [px, py] = [x(line.costs.seconds), y(valueOf(line, measure))];
    const [mean, low, high] = line.values[measure.key];
    const text = `${line.method}\n${measure.title} ${quality(mean)} ${range(low, high)}\n${brief(line.costs.seconds)} s${front.includes(line) ? "\non the Pareto front" : ""}`;
    const open = () => { hideTip(); openLine(line, board, measure, chapter); };
    const group = svg("g", { tabindex: "0", role: "button", "aria-label": text.replaceAll("\n", ", "), style: "cursor:pointer", click: open,
      keydown: (event) => { if (event.key === "Enter") open(); } },
    isNumber(low) ? svg("line", { x1: px, x2: px, y1: y(low), y2: y(high), stroke: colour(k), "stroke-width": 2 }) : null, mark(px, py, k));
    layer.append(tells(group, text));
    const bold = front.includes(line);
    const size = line.method.length * (bold ? 7.2 : 6.6);
    const spots = [4, -10, 18, -23, 31].flatMap((dy) => [px + 9, px - 9 - size].map((x0) => ({ x0, y0: py + dy, left: x0 < px })));
    const free = spots.find((spot) => spot.x0 >= box.left && spot.x0 + size <= box.right + 8 && spot.y0 > box.top + 8 && spot.y0 < box.bottom
      && taken.every((other) => Math.abs(other.y0 - spot.y0) > 12 || other.x0 + other.size < spot.x0 || spot.x0 + size < other.x0));
    if (free) {
      taken.push({ ...free, size });
      layer.append(svg("text", { x: free.left ? px - 9 : free.x0, y: free.y0, class: "halo", "text-anchor": free.left ? "end" : null, "aria-hidden": "true", style: bold ? "font-weight:650" : null }, line.method));
    }
  }
  return node;
}

function heat(board, lines, measure, pairs) {
  const sign = measure.lower ? -1 : 1;
  const order = [...lines].filter((line) => pairs.some(([a, b]) => [board.lines[a], board.lines[b]].includes(line)))
    .sort((a, b) => sign * (valueOf(b, measure) - valueOf(a, measure)));
  const cell = (row, column) => {
    const [i, j] = [board.lines.indexOf(row), board.lines.indexOf(column)];
    const pair = pairs.find(([a, b]) => (a === i && b === j) || (a === j && b === i));
    if (!pair) return el("td", {}, row === column ? "" : "–");
    const flip = pair[0] === i ? 1 : -1;
    const difference = flip * pair[2];
    const real = pair[5] < 0.05;
    const better = difference * sign > 0;
    const share = Math.min(1, Math.abs(difference) / widest);
    const back = real ? `background:color-mix(in srgb, var(${better ? "--good" : "--bad"}) ${Math.round(14 + 34 * share)}%, var(--back))` : null;
    const [low, high] = flip > 0 ? [pair[3], pair[4]] : [-pair[4], -pair[3]];
    const words = real ? `${row.method} is ${better ? "better" : "worse"} than ${column.method}` : `${row.method} and ${column.method} do not differ significantly`;
    return el("td", { style: back, title: `${words}: ${quality(difference)} ${range(low, high)}, adjusted p ${brief(pair[5])}` },
      (real ? (better ? "▲ " : "▽ ") : "≈ ") + (difference > 0 ? "+" : "−") + shortDifference(Math.abs(difference)));
  };
  const widest = Math.max(...pairs.map((pair) => Math.abs(pair[2]))) || 1;
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Pairs of methods on ${datasetTitle(board.dataset)}` },
    el("table", { class: "heat" },
      el("caption", {}, el("span", {}, `${measure.title}: row minus column. ▲ the row is better, ▽ worse (p < .05, Holm); ≈ no significant difference.`)),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, ""), order.map((line) => el("th", { scope: "col" }, line.method)))),
      el("tbody", {}, order.map((row) => el("tr", {}, el("th", { scope: "row" }, row.method), order.map((column) => cell(row, column)))))));
}

const shortDifference = (value) => (value >= 0.001 ? value.toFixed(3).replace(/^0/, "") : value.toExponential(0));
