// Distributions of a dataset: interactions of users and items, values, course in time.

function cardPictures(name, container) {
  const series = DATA.cards[name] || [];
  if (!series.length) {
    container.append(el("p", { class: "note" }, "Distributions are drawn from prepared data or from a summary of them; neither is here."));
    return;
  }
  const of = (panel, line) => series.filter((row) => row.panel === panel && (line === undefined || row.series === line));
  const counts = [["user", of("counts", "user")], ["item", of("counts", "item")]];
  add(container, "Interactions per user (blue) and per item (dashed)", (width) => countPicture(counts, width, name));
  if (of("values").length) add(container, "Values of the ratings", (width) => bars(of("values"), width, `Ratings of ${name}`));
  if (of("time").length) add(container, "Raw rows per month", (width) => months(of("time"), width, `Rows of ${name} per month`));
}

function add(container, title, make) {
  const place = el("div");
  container.append(el("div", {}, el("h3", {}, title), place));
  drawn(place, make);
}

function countPicture(lines, width, name) {
  const all = lines.flatMap(([, points]) => points);
  const { node, layer, x, y } = frame({ width, height: 250, label: `Interactions of users and items of ${name}`,
    x: { values: all.map((p) => p.x), title: "interactions, n", log: true }, y: { values: all.map((p) => p.y), title: "share with n or more", log: true } });
  lines.forEach(([kind, points], k) => {
    const shown = points.filter((p) => p.x > 0 && p.y > 0);
    const path = svg("path", { d: `M${shown.map((p) => `${x(p.x).toFixed(1)},${y(p.y).toFixed(1)}`).join("L")}`, fill: "none", stroke: colour(k), "stroke-width": 2, "stroke-dasharray": k ? "6 3" : null });
    layer.append(tells(path, `${kind}s: ${shown[0].x.toLocaleString("en")} to ${shown[shown.length - 1].x.toLocaleString("en")} interactions`));
  });
  return node;
}

function bars(points, width, label) {
  const gap = Math.min(...points.slice(1).map((p, k) => p.x - points[k].x), 1);
  const { node, layer, x, y, box } = frame({ width, height: 250, label,
    x: { values: [points[0].x - gap / 2, points[points.length - 1].x + gap / 2], title: "rating" }, y: { values: [0, Math.max(...points.map((p) => p.y)) * 1.05], title: "raw rows", padding: 0 } });
  const size = Math.max(1, Math.abs(x(gap) - x(0)) * 0.8);
  for (const p of points) layer.append(tells(svg("rect", { x: x(p.x) - size / 2, width: size, y: y(p.y), height: Math.max(0, box.bottom - y(p.y)), fill: "var(--s5)" }), `${brief(p.x)}: ${p.y.toLocaleString("en")} rows`));
  return node;
}

function months(points, width, label) {
  const { node, layer, x, y } = frame({ width, height: 250, label,
    x: { values: points.map((_, k) => k), title: "month", padding: 0, form: (tick) => (Number.isInteger(tick) ? points[tick]?.x ?? "" : "") }, y: { values: [0, Math.max(...points.map((p) => p.y)) * 1.05], title: "rows", padding: 0 } });
  layer.append(svg("path", { d: `M${points.map((p, k) => `${x(k).toFixed(1)},${y(p.y).toFixed(1)}`).join("L")}`, fill: "none", stroke: "var(--s2)", "stroke-width": 2 }));
  return node;
}
