// Convergence: the validation metric against epochs or seconds.

function convergence(chapter, container) {
  const { curves } = chapter;
  const wanted = curves.filter((of) => of.runs.some((key) => DATA.runs[key].curve));
  if (!wanted.length) return;
  let chosen = wanted[0];
  const content = el("div");
  container.append(el("h2", {}, "Convergence"));
  if (wanted.length > 1) {
    container.append(el("div", { class: "tools" }, choice("Dataset", wanted.map((of, k) => [String(k), of.dataset]), "0", (k) => {
      chosen = wanted[Number(k)];
      show();
    })));
  }
  container.append(content);
  const show = () => content.replaceChildren(...convergenceOf(chosen, chapter));
  show();
}

function convergenceOf(of, chapter) {
  const { metric } = chapter;
  const lines = of.runs.map((key) => ({ k: hue(chapter, DATA.runs[key].method), ...DATA.runs[key], shared: of.shared.includes(key) })).filter((run) => run.curve);
  const first = chapter.boards.find((board) => board.dataset === of.dataset);
  const shown = first ? first.lines.map((line) => line.method) : [];
  const hidden = lines.map((line) => line.method).filter((method) => shown.length && !shown.includes(method));
  const state = { clock: "epoch", logX: true, logY: false, hidden: new Set(hidden) };
  const place = el("div");
  const titles = { epoch: "epoch (ALS: full sweep)", [of.clock]: of.title };
  const picture = drawn(place, (width) => curvePicture(lines.filter((line) => !state.hidden.has(line.method)), state, width, {
    x: titles[state.clock], y: `validation ${metric}`, label: `Convergence on ${of.dataset}: validation ${metric}` }));
  const change = (key) => (value) => { state[key] = value; picture.again(); };
  const legend = el("div", { class: "legend", role: "group", "aria-label": "Methods shown" }, lines.map((line) => {
    const button = toggle("", !state.hidden.has(line.method), (visible) => {
      if (visible) state.hidden.delete(line.method); else state.hidden.add(line.method);
      picture.again();
    });
    button.append(el("i", { style: `background:${colour(line.k)}` }), line.method + (line.shared ? " *" : ""));
    return button;
  }));
  return [
    el("div", { class: "tools" },
      choice("Horizontal axis", [["epoch", "epochs"], [of.clock, of.clock === "seconds" ? "seconds" : "CPU seconds"]], "epoch", change("clock")),
      toggle("logarithmic x", true, change("logX")), toggle("logarithmic y", false, change("logY"))),
    legend, place,
    el("p", { class: "note" }, (hidden.length ? "At first only the methods of the first leaderboard are shown. " : "") + "Line: mean over seeds, as far as every seed was trained. Band: least to greatest. Ringed mark: "
      + "the epoch whose parameters were kept, mean over seeds. Dotted: methods without epochs."
      + (lines.some((line) => line.shared) ? " *: shared the machine." : "")),
  ];
}

function curvePicture(lines, state, width, titles) {
  const xs = lines.filter((line) => !line.level).flatMap((line) => line.curve[state.clock]);
  const plot = frame({
    width, height: Math.min(460, Math.max(300, width * 0.45)), label: titles.label,
    x: { values: xs, title: titles.x, log: state.logX },
    y: { values: lines.flatMap((line) => [...line.curve.low, ...line.curve.high]), title: titles.y, log: state.logY },
  });
  const { layer, x, y, box } = plot;
  const visible = (value, log) => isNumber(value) && (!log || value > 0);
  for (const line of lines) {
    const { curve, k } = line;
    const at = curve[state.clock];
    const points = at.map((_, i) => i).filter((i) => visible(at[i], state.logX) && visible(curve.mean[i], state.logY));
    if (line.level || points.length === 1) {
      const level = y(curve.mean[points[0] ?? 0]);
      layer.append(tells(svg("line", { x1: box.left, x2: box.right, y1: level, y2: level, stroke: colour(k), "stroke-dasharray": "2 4", "stroke-width": 1.5 }),
        `${line.method}: ${quality(curve.mean[0])}`));
      layer.append(svg("text", { x: box.right, y: level - 4, "text-anchor": "end", "aria-hidden": "true" }, line.method));
    }
    if (line.level || !points.length) continue;
    const path = (values, order = points) => order.map((i) => `${x(at[i]).toFixed(1)},${y(Math.max(values[i], state.logY ? 1e-12 : -Infinity)).toFixed(1)}`).join("L");
    layer.append(svg("path", { d: `M${path(curve.high)}L${path(curve.low, [...points].reverse())}z`, fill: colour(k), opacity: 0.16 }),
      svg("path", { d: `M${path(curve.mean)}`, fill: "none", stroke: colour(k), "stroke-width": 2, "stroke-dasharray": dash(k) }));
    const best = bestPoint(line, points, state.clock);
    if (best === null) continue;
    const ring = svg("g", { tabindex: "0", role: "img" }, svg("circle", { cx: x(best.x), cy: y(best.y), r: 8, fill: "none", stroke: colour(k), "stroke-width": 2 }),
      mark(x(best.x), y(best.y), k, 4));
    layer.append(tells(ring, `${line.method}: best epoch ${brief(best.epoch)}, validation ${quality(best.y)}`));
  }
  const cursor = svg("line", { class: "frame", y1: box.top, y2: box.bottom, visibility: "hidden" });
  layer.append(cursor);
  plot.node.addEventListener("mousemove", (event) => {
    const pixel = event.clientX - plot.node.getBoundingClientRect().left;
    if (pixel < box.left || pixel > box.right || event.target.closest("svg [tabindex]")) return;
    const at = x.invert(pixel);
    fill(cursor, { x1: pixel, x2: pixel, visibility: "visible" }, []);
    const read = lines.map((line) => [line.method, valueAt(line, state.clock, at)]).filter(([, value]) => value !== null)
      .sort((a, b) => b[1] - a[1]).map(([name, value]) => `${quality(value)}  ${name}`);
    showTip([`${titles.x.split(" (")[0]} ${brief(at)}`, ...read].join("\n"), event.clientX, event.clientY);
  });
  plot.node.addEventListener("mouseleave", () => { hideTip(); cursor.setAttribute("visibility", "hidden"); });
  return plot.node;
}

/** The mean at the last point that a time reaches; null before the first and behind the last. */
function valueAt(line, clock, at) {
  const { curve } = line;
  if (line.level) return curve.mean[0];
  const xs = curve[clock];
  if (at < xs[0] || at > xs[xs.length - 1]) return null;
  let k = 0;
  while (k + 1 < xs.length && xs[k + 1] <= at) k += 1;
  return curve.mean[k];
}

/** Where the kept epoch is on the mean's line: its mean over seeds, at most the last that is drawn. */
function bestPoint(line, points, clock) {
  const { curve } = line;
  if (!curve.best.length || !points.length) return null;
  const epoch = curve.best.reduce((sum, one) => sum + one, 0) / curve.best.length;
  const i = points.reduce((near, candidate) => (Math.abs(curve.epoch[candidate] - epoch) < Math.abs(curve.epoch[near] - epoch) ? candidate : near), points[0]);
  return { x: curve[clock][i], y: curve.mean[i], epoch };
}
