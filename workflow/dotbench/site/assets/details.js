// What opens behind a number.
const dialog = document.getElementById("detail");

function openLine(line, board, measure, chapter) {
  const run = line.run ? DATA.runs[line.run] : null;
  const [mean, low, high] = line.values[measure.key];
  const headline = `${measure.title} ${quality(mean)} ${range(low, high)}`;
  openDialog(line.method, `${datasetTitle(board.dataset)}: ${headline}`, [
    ...(!run ? [el("p", { class: "note" }, "The runs themselves are not here, so that seeds, curves and the trials of the grid cannot be shown. This is what the table says of them."), ...lineParts(line, board)] : run.simulation ? [...lineParts(line, board), ...replicationParts(run)] : runParts(run)),
    el("h3", {}, "Again"),
    run && run.again ? [el("p", { class: "note" }, "One seed, with the settings that were chosen:"), el("pre", {}, run.again)] : null,
    el("p", { class: "note" }, "The table, with tuning and every seed:"),
    el("pre", {}, chapter.command.replace(`run ${chapter.study} `, `run ${chapter.study}_${board.table} `)),
  ]);
}

function openDialog(title, subtitle, parts) {
  const close = el("button", { type: "button", autofocus: true, click: () => dialog.close() }, "Close");
  dialog.replaceChildren(
    el("div", { class: "head" }, el("div", {}, el("h2", { id: "detail-title" }, title), el("div", { class: "note" }, subtitle)), close),
    el("div", {}, parts.flat()));
  dialog.showModal();
  dialog.scrollTop = 0;
}

dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** Settings that were written as JSON: {"depth":2} becomes depth=2. */
function inWords(text) {
  return (text || "").replace(/\{([^{}]*)\}/g, (_, inside) => inside.replaceAll('"', "").replaceAll(":", "=").replaceAll(",", ", "));
}

/** What the table alone says of a method whose runs are not here. */
function lineParts(line, board) {
  const titles = Object.fromEntries(board.measures.map((one) => [one.key, one.title]));
  const known = line.facts;
  return [
    facts([
      ["runs", String(line.seeds)], ["failed", line.failed ? String(line.failed) : null], ["failure", known.failure], ["log", known.failure_log],
      ["chosen", inWords(known.chosen || known.tuned)], ["on an edge of the grid", known.on_edge], ["settings tried", known.trials ? String(known.trials) : null],
      ["inert", known.inert], ["split", known.split], ["device", known.device], ["training seconds", brief(line.costs.seconds)],
      ["CPU seconds", brief(line.costs.cpu)], ["CPU seconds of tuning", brief(line.costs.tuning)]]),
    el("h3", {}, "Quality"),
    el("ul", {}, Object.entries(line.values).map(([key, [mean, low, high]]) => el("li", {}, `${titles[key]}: ${quality(mean)} ${range(low, high)}`))),
  ];
}

function replicationParts(run) {
  const names = Object.keys(run.titles);
  const columns = [
    { title: "Replication", value: (row) => row.seed, cell: (row) => String(row.seed) },
    ...names.map((name) => ({ title: run.titles[name], number: true, value: (row) => row[name], cell: (row) => quality(row[name]) })),
    { title: "Chosen", cell: (row) => inWords(row.hyperparameters) },
    { title: "Edge", cell: (row) => row.on_edge || "" },
    { title: "CPU s", number: true, value: (row) => row.cpu_seconds, cell: (row) => brief(row.cpu_seconds) },
    { title: "State", cell: (row) => (row.status === "ok" ? "ok" : row.reason || row.status) },
  ];
  return [
    ...trialParts(run),
    el("h3", {}, "Replications"), table(columns, run.replications, { caption: "Each replication has its own data; its number is the seed of the data.", sort: [0, false] }),
    el("h3", {}, "Settings of the simulation"), facts(Object.entries(run.settings).map(([key, value]) => [key, setting(value)])),
    el("h3", {}, "Protocol"), el("ul", { class: "note" }, run.notes.map((note) => el("li", {}, note))),
    facts([["hardware", run.machines.join("; ")], ["versions", run.versions.join(", ")]]),
  ];
}

/** "low", or "low: 2 of 5" where not all seeds chose it. */
function chosenOn(edge) {
  if (!edge) return "chosen";
  return edge.includes(":") ? `on the edge (${edge})` : `chosen, on the ${edge} edge`;
}

function runParts(run) {
  const chosen = new Set(Object.keys(run.grid));
  const value = (key) => (chosen.has(key)
    ? [setting(run.settings[key]), " ", el("span", { class: run.edges[key] ? "chip warn" : "chip" }, chosenOn(run.edges[key]))]
    : setting(run.settings[key]));
  return [
    facts([["model", run.model], ["loss", run.loss], ["solver", run.solver], ["split", run.split],
      ["hardware", run.machines.join("; ")], ["versions", run.versions.join(", ")]]),
    el("h3", {}, "Settings"), facts(Object.keys(run.settings).map((key) => [key, value(key)])),
    ...trialParts(run), ...seedParts(run), ...curvePart(run),
    el("h3", {}, "Data"),
    facts([["dataset", `${run.dataset}: ${run.data.users.toLocaleString("en")} users, ${run.data.items.toLocaleString("en")} items, ${run.data.interactions.toLocaleString("en")} interactions`],
      ["digest", el("code", {}, run.data.digest)], ["origin", run.data.origin],
      ["verified", run.data.origin === "generated" ? "generated" : { true: "yes", false: "NO" }[run.data.verified] || "no digest is known"],
      ["counts", run.data.counts_differ.join("; ")], ["folder of the runs", run.folder.split("; ").map((folder) => el("div", {}, el("code", {}, folder)))]]),
  ];
}

function seedParts(run) {
  const part = run.seeds.some((seed) => seed.metrics.test) ? "test" : null;
  const names = part ? Object.keys(run.seeds.find((seed) => seed.metrics.test).metrics.test) : [];
  const own = run.seeds.some((seed) => seed.chosen);
  const columns = [
    { title: "Seed", value: (seed) => seed.seed, cell: (seed) => String(seed.seed) },
    ...names.map((name) => ({ title: run.titles[name], number: true, value: (seed) => seed.metrics.test?.[name], cell: (seed) => quality(seed.metrics.test?.[name]) })),
    ...(own ? [{ title: "Chosen", cell: (seed) => seed.chosen || "" }] : []),
    { title: "Best epoch", number: true, value: (seed) => seed.best_epoch, cell: (seed) => brief(seed.best_epoch) },
    { title: "Epochs", number: true, value: (seed) => seed.epochs, cell: (seed) => brief(seed.epochs) },
    { title: "Training s", number: true, value: (seed) => seed.train_seconds, cell: (seed) => brief(seed.train_seconds) },
    { title: "Memory", number: true, value: (seed) => seed.peak_memory_bytes, cell: (seed) => megabytes(seed.peak_memory_bytes) },
    { title: "State", cell: (seed) => (seed.status === "ok" ? "ok" : `${seed.reason} (${seed.log})`) },
  ];
  return [el("h3", {}, "Seeds"), table(columns, run.seeds, { sort: [0, false],
    caption: `A seed names the split and the initialisation; values on test.${own ? " Settings are chosen on the seed's own validation part; ! is an edge of the grid." : ""}` })];
}

function curvePart(run) {
  if (!run.curve || run.level || run.curve.epoch.length < 2) return [];
  const place = el("div");
  drawn(place, (width) => curvePicture([{ ...run, k: 0 }], { clock: "epoch", logX: false, logY: false }, width,
    { x: "epoch", y: `validation ${run.validation}`, label: `Validation during training of ${run.method}` }));
  return [el("h3", {}, "Curve"), place];
}

/** The grid with its trials: a strip for every tuned setting, and for two settings the map of the grid. */
function trialParts(run) {
  const { trials } = run;
  const each = eachOf(trials);
  if (!trials) return [el("h3", {}, "Grid"), el("p", { class: "note" }, "Nothing was tuned.")];
  const failed = trials.status.filter((status) => status !== "ok").length;
  const parts = [el("h3", {}, "Grid"), el("p", { class: "note" }, (each
    ? `${new Set(trials.points.map((point) => JSON.stringify(point))).size} settings were tried ${each.in} each of ${new Set(each.of).size} ${each.name}s${failed ? `; ${failed} of ${trials.points.length} trials failed` : ""}. `
    + `Each mark is a trial: its validation ${run.validation}. The filled ones were chosen, one ${each.in} each ${each.name}.`
    : `${trials.points.length} settings were tried${failed ? `, of which ${failed} failed` : ""}. Each mark is a trial: its validation ${run.validation}. The filled one was chosen.`))];
  const strips = el("div", { class: "panels" });
  trials.keys.forEach((key, k) => {
    const place = el("div");
    strips.append(place);
    drawn(place, (width) => strip(run, k, width));
  });
  parts.push(strips);
  if (trials.keys.length === 2) parts.push(gridMap(run));
  return parts;
}

/** What there is a tuning for each of: replications of a simulation, or seeds; null for one tuning. */
function eachOf(trials) {
  if (trials?.replication) return { name: "replication", in: "in", of: trials.replication };
  return trials?.seed ? { name: "seed", in: "for", of: trials.seed } : null;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function strip(run, axis, width) {
  const { trials, grid } = run;
  const key = trials.keys[axis];
  const order = [...grid[key]].sort((a, b) => (isNumber(a) && isNumber(b) ? a - b : 0));
  const values = order.map((value) => setting(value));
  const { node, layer, x, y } = frame({ width, height: 210, label: `Trials by ${key}`,
    x: { values: [-0.4, values.length - 0.6], title: key, padding: 0, form: (tick) => (Number.isInteger(tick) ? values[tick] ?? "" : "") },
    y: { values: trials.validation, title: run.validation } });
  const last = Math.max(...trials.rung);
  const each = eachOf(trials);
  trials.points.forEach((point, k) => {
    const value = trials.validation[k];
    const at = values.indexOf(setting(point[axis]));
    if (!isNumber(value) || at < 0) return;
    const picked = trials.picked[k];
    const circle = svg("circle", { cx: x(at), cy: y(value), r: picked ? 6 : 4.5, tabindex: "0", role: "img", fill: picked ? "var(--mark)" : "none",
      stroke: picked ? "var(--mark)" : "var(--faint)", "stroke-width": 1.6 });
    layer.append(tells(circle, `${each ? `${each.name} ${each.of[k]}: ` : ""}${trials.keys.map((name, j) => `${name} ${setting(point[j])}`).join(", ")}\nvalidation ${quality(value)}`
      + `${last > 1 ? `, rung ${trials.rung[k]} of ${last}` : ""}${picked ? "\nchosen" : ""}`));
  });
  return node;
}

/** Rows and columns are the two tuned settings; a cell has the mean over its trials, of the last rung. */
function gridMap(run) {
  const { trials, grid } = run;
  const [rows, columns] = trials.keys;
  const each = eachOf(trials);
  const cells = grid[rows].map((r) => grid[columns].map((c) => {
    const here = trials.points.map((_, k) => k).filter((k) => same(trials.points[k], [r, c]));
    const last = here.filter((k) => trials.rung[k] === Math.max(...here.map((other) => trials.rung[other])));
    const values = last.map((k) => trials.validation[k]).filter(isNumber);
    return { tried: here.length > 0, value: values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null, picked: here.filter((k) => trials.picked[k]).length };
  }));
  const good = cells.flat().map((cell) => cell.value).filter(isNumber);
  const [low, high] = [Math.min(...good), Math.max(...good)];
  const shown = ({ tried, value, picked }) => {
    if (!tried) return el("td", {}, "");
    if (!isNumber(value)) return el("td", {}, "failed");
    const share = high > low ? (value - low) / (high - low) : 1;
    return el("td", { style: `background:color-mix(in srgb, var(--mark) ${Math.round(8 + 42 * share)}%, var(--back))` },
      picked ? el("b", {}, `${quality(value)} ✓${each ? ` ${picked}` : ""}`) : quality(value));
  };
  const meaning = each ? `mean over the ${each.name}s; ✓ and ${each.in} how many it was chosen` : "✓ chosen";
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Map of the grid" }, el("table", { class: "heat" },
    el("caption", {}, el("span", {}, `Validation ${run.validation}; ${rows} down, ${columns} across; ${meaning}`)),
    el("thead", {}, el("tr", {}, el("th", {}, ""), grid[columns].map((value) => el("th", { scope: "col" }, setting(value))))),
    el("tbody", {}, grid[rows].map((r, k) => el("tr", {}, el("th", { scope: "row" }, setting(r)), cells[k].map(shown))))));
}
