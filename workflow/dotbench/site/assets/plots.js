// Pictures: scales, ticks, a frame with axes, and marks in it.

/** A scale from a domain to pixels. */
function scale(low, high, from, to, log) {
  const change = log ? Math.log10 : (value) => value;
  let [a, b] = [change(low), change(high)];
  if (a === b) [a, b] = log ? [a - 0.3, b + 0.3] : [a - (Math.abs(a) || 1) * 0.1, b + (Math.abs(b) || 1) * 0.1];
  const at = (value) => from + ((change(value) - a) / (b - a)) * (to - from);
  const invert = (pixel) => {
    const value = a + ((pixel - from) / (to - from)) * (b - a);
    return log ? 10 ** value : value;
  };
  return Object.assign(at, { invert, ticks: log ? logTicks(a, b) : linearTicks(a, b) });
}

function linearTicks(low, high, wanted = 5) {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

function logTicks(low, high) {
  const decades = high - low;
  const factors = decades > 3 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 3, 5, 7];
  const every = Math.max(1, Math.ceil(decades / 7));
  const ticks = [];
  for (let k = Math.floor(low); k <= Math.ceil(high); k += 1) {
    for (const factor of factors) {
      const exponent = k + Math.log10(factor);
      if (exponent >= low - 1e-9 && exponent <= high + 1e-9 && (factor > 1 || k % every === 0)) ticks.push(factor * 10 ** k);
    }
  }
  return ticks.length > 1 ? ticks : linearTicks(10 ** low, 10 ** high, 3).filter((tick) => tick > 0);
}

function extent(values, padding = 0.06) {
  const numbers = values.filter(isNumber);
  if (!numbers.length) return [0, 1];
  const [low, high] = numbers.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const more = (high - low) * padding;
  return [low - more, high + more];
}

function logExtent(values) {
  const numbers = values.filter((value) => isNumber(value) && value > 0);
  if (!numbers.length) return [0.1, 1];
  const [low, high] = extent(numbers.map(Math.log10), 0.04);
  return [10 ** low, 10 ** high];
}

/** Axes around a picture. `x`, `y`: {values, title, log}; returns {node, x, y, box, layer}. */
function frame({ width, height, x, y, label }) {
  const box = { left: 58, right: width - 14, top: 12, bottom: height - 42 };
  const [sx, sy] = [
    scale(...(x.log ? logExtent(x.values) : extent(x.values, x.padding)), box.left, box.right, x.log),
    scale(...(y.log ? logExtent(y.values) : extent(y.values, y.padding)), box.bottom, box.top, y.log),
  ];
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": label });
  const room = Math.max(2, Math.floor((box.right - box.left) / 52));
  const shown = sx.ticks.filter((_, k) => k % Math.ceil(sx.ticks.length / room) === 0);
  for (const tick of shown) {
    node.append(svg("line", { class: "grid", x1: sx(tick), x2: sx(tick), y1: box.top, y2: box.bottom }),
      svg("text", { class: "axis", x: sx(tick), y: box.bottom + 16, "text-anchor": "middle" }, x.form ? x.form(tick) : tickText(tick)));
  }
  for (const tick of sy.ticks) {
    node.append(svg("line", { class: "grid", x1: box.left, x2: box.right, y1: sy(tick), y2: sy(tick) }),
      svg("text", { class: "axis", x: box.left - 6, y: sy(tick) + 4, "text-anchor": "end" }, tickText(tick)));
  }
  node.append(
    svg("path", { class: "frame", d: `M${box.left},${box.top}V${box.bottom}H${box.right}` }),
    svg("text", { class: "axis", x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }, x.title),
    svg("text", { class: "axis", transform: `translate(13 ${(box.top + box.bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, y.title));
  const layer = svg("g");
  node.append(layer);
  return { node, x: sx, y: sy, box, layer };
}

function tickText(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(0).replace("e+", "e") : String(Number(value.toPrecision(4)));
}

const SHAPES = [
  (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`,
  (r) => `M${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  (r) => `M0,${-1.2 * r}L${1.1 * r},${0.9 * r}H${-1.1 * r}z`,
  (r) => `M0,${-1.3 * r}L${1.3 * r},0L0,${1.3 * r}L${-1.3 * r},0z`,
  (r) => `M0,${1.2 * r}L${1.1 * r},${-0.9 * r}H${-1.1 * r}z`,
];

/** A mark that differs by colour and shape. */
function mark(x, y, k, r = 5) {
  const shape = SHAPES[(k + Math.floor(k / COLOURS)) % SHAPES.length](r);
  return svg("path", { d: shape, transform: `translate(${x} ${y})`, fill: colour(k) });
}

/** Redraw a picture in its place for the width that there is, now and whenever the width changes. */
function drawn(place, make) {
  let last = 0;
  const draw = () => {
    const width = Math.floor(place.clientWidth);
    if (width && width !== last) {
      last = width;
      place.replaceChildren(make(width));
    }
  };
  new ResizeObserver(() => requestAnimationFrame(draw)).observe(place);
  draw();
  return { again: () => { last = 0; draw(); } };
}
