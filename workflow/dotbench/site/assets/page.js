// What every part of the page uses: the data, elements, numbers, colours, the tip.
const DATA = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 8;

/** An element; `attributes` with a function are listeners, true and false are kept or left out. */
function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const isNumber = (value) => typeof value === "number";

/** The number of a method's colour: the same in every picture of a chapter. */
function hue(chapter, method) {
  chapter.hues ||= [...new Set([...chapter.curves.flatMap((of) => of.runs.map((key) => DATA.runs[key].method)),
    ...chapter.boards.flatMap((board) => board.lines.map((line) => line.method))])];
  return chapter.hues.indexOf(method);
}

const colour = (k) => `var(--s${k % COLOURS})`;
const dash = (k) => ["", "6 3", "2 3", "8 3 2 3"][Math.floor(k / COLOURS) % 4];

/** A quality as tables print it. */
function quality(value) {
  if (!isNumber(value)) return "–";
  return Math.abs(value) < 1000 ? value.toFixed(4) : value.toPrecision(6);
}

/** A number with three digits, e.g. of seconds, without needless zeros. */
function brief(value) {
  if (!isNumber(value)) return "–";
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4)) return value.toExponential(2);
  return String(Number(value.toPrecision(3)));
}

const megabytes = (value) => (isNumber(value) ? `${Math.round(value / 1e6).toLocaleString("en")} MB` : "–");
const range = (low, high, form = quality) => (isNumber(low) ? `[${form(low)}, ${form(high)}]` : "");

/** A value of a setting in words. */
function setting(value) {
  if (value === null) return "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function option(value, text, selected) {
  return el("option", { value, selected: value === selected }, text);
}

/** A select with its label; `choices`: [value, text], or [group, [[value, text]]]. */
function choice(label, choices, selected, change) {
  const parts = choices.map(([value, text]) =>
    Array.isArray(text)
      ? el("optgroup", { label: value }, text.map(([v, t]) => option(v, t, selected)))
      : option(value, text, selected));
  return el("label", {}, label, el("select", { change: (event) => change(event.target.value) }, parts));
}

function toggle(text, pressed, change) {
  const button = el("button", { type: "button", "aria-pressed": String(pressed), click: () => {
    const now = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(now));
    change(now);
  } }, text);
  return button;
}

const tip = document.getElementById("tip");

function showTip(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 6))}px`;
  tip.style.top = `${Math.max(4, y + box.height + 18 > innerHeight ? y - box.height - 8 : y + 14)}px`;
}

function hideTip() {
  tip.hidden = true;
}

/** Let a mark of a picture say a text when it is pointed at or has the focus. */
function tells(node, text) {
  if (!node.hasAttribute("role")) node.setAttribute("role", "img");
  if (!node.hasAttribute("aria-label")) node.setAttribute("aria-label", text.replaceAll("\n", ", "));
  node.addEventListener("mousemove", (event) => showTip(text, event.clientX, event.clientY));
  node.addEventListener("mouseleave", hideTip);
  node.addEventListener("focus", () => {
    const box = node.getBoundingClientRect();
    showTip(text, box.right, box.top);
  });
  node.addEventListener("blur", hideTip);
  return node;
}

/** Sortable table. `columns`: {title, cell(row) → node or text, value(row) to sort by, number, down: best first}. */
function table(columns, rows, { caption, sort, className, rowClass, rowId, sorted } = {}) {
  let [by, descending] = sort || [null, false];
  const body = el("tbody");
  const heads = columns.map((column, k) => el("th", { scope: "col", class: column.number ? "n" : null },
    column.value
      ? el("button", { type: "button", click: () => {
        descending = by === k ? !descending : Boolean(column.down);
        by = k;
        draw();
        if (sorted) sorted(by, descending);
      } }, column.title)
      : column.title));
  function draw() {
    const order = [...rows];
    if (by !== null) {
      const key = columns[by].value;
      const sign = descending ? -1 : 1;
      order.sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        const [noX, noY] = [x === null || x === undefined || x === "", y === null || y === undefined || y === ""];
        if (noX || noY) return noX - noY; // what has no value comes last
        return sign * (isNumber(x) && isNumber(y) ? x - y : String(x).localeCompare(String(y), "en", { numeric: true }));
      });
    }
    heads.forEach((head, k) => {
      if (columns[k].value) head.setAttribute("aria-sort", by === k ? (descending ? "descending" : "ascending") : "none");
    });
    body.replaceChildren(...order.map((row) => el("tr", { class: rowClass ? rowClass(row) : null, id: rowId ? rowId(row) : null, tabindex: rowId ? "-1" : null },
      columns.map((column, k) => el(k === 0 ? "th" : "td",
        { scope: k === 0 ? "row" : null, class: column.number ? "n" : null }, column.cell(row))))));
  }
  draw();
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", { class: className }, caption ? el("caption", {}, el("span", {}, caption)) : null,
      el("thead", {}, el("tr", {}, heads)), body));
}
