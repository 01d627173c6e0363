// The overview, which page is shown, and light or dark.

const SHOWN = 3; // datasets of a study in the overview

function overview(container) {
  const several = new Set(DATA.chapters.map((chapter) => chapter.configuration)).size > 1;
  const rows = DATA.chapters.flatMap((chapter) => {
    const competing = chapter.boards.filter((board) => board.competes);
    const boards = competing.filter((board) => board.table === competing[0].table);
    const shown = boards.slice(0, SHOWN).map((board, k) => ({ chapter, board, more: k === SHOWN - 1 ? boards.length - SHOWN : 0 }));
    return shown.length ? shown : [{ chapter, board: null, more: 0 }];
  });
  const link = (row) => el("a", { href: `#${row.chapter.id}` }, several ? `${row.chapter.configuration}: ${row.chapter.title}` : row.chapter.title);
  const columns = [
    { title: "Study", value: (row) => row.chapter.id, cell: link },
    { title: "On", value: (row) => row.board?.dataset, cell: (row) => (row.board ? row.board.dataset + (row.more > 0 ? ` … and ${row.more} more` : "") : "") },
    { title: "Metric", value: (row) => row.board?.measures[0].title, cell: (row) => row.board?.measures[0].title ?? "" },
    { title: "Best", cell: (row) => (row.board ? leaders(row.board) : "see its tables and figures") },
    { title: "Value", number: true, cell: (row) => (row.board ? leadingValue(row.board) : "") },
    { title: "Methods", number: true, value: (row) => row.board?.lines.length, cell: (row) => String(row.board?.lines.length ?? "") },
    ...(DATA.chapters.some((chapter) => chapter.verdicts) ? [{ title: "Against the paper", cell: (row) => verdictsInShort(row) }] : []),
  ];
  container.append(table(columns, rows, { caption: "The first table of each study. ≈: no significant difference from the best." }));
}

function ranked(board) {
  const measure = board.measures[0];
  const sign = measure.lower ? 1 : -1;
  return board.lines.filter((line) => isNumber(valueOf(line, measure))).sort((a, b) => sign * (valueOf(a, measure) - valueOf(b, measure)));
}

function leaders(board) {
  const { key } = board.measures[0];
  const tied = ranked(board).filter((line) => line.standing[key] === "tie");
  const first = ranked(board)[0];
  if (!first) return "all failed";
  if (first.standing[key] === "best") return [el("b", {}, first.method), " ", el("span", { class: "chip best" }, "best")];
  if (tied.length < 2) return `${first.method} has the best mean`;
  return [el("b", {}, first.method), ` ≈ ${tied.slice(1).map((line) => line.method).join(" ≈ ")}`];
}

function leadingValue(board) {
  const first = ranked(board)[0];
  return first ? quality(valueOf(first, board.measures[0])) : "";
}

function verdictsInShort({ chapter, board }) {
  if (!chapter.verdicts || (board && board !== chapter.boards.find((one) => one.competes))) return "";
  const chips = Object.entries(chapter.verdicts.counts).filter(([verdict]) => verdict !== "not run");
  return chips.length ? chips.map(([verdict, count]) => [verdictChip(verdict, count), " "]).flat() : "only the order";
}

const PARTS = {
  overview,
  papers,
  boards: (part) => leaderboards(DATA.chapters[Number(part.dataset.chapter)], part),
  curves: (part) => convergence(DATA.chapters[Number(part.dataset.chapter)], part),
  card: (part) => cardPictures(part.dataset.dataset, part),
};
const sections = [...document.querySelectorAll("[data-page]")];
const select = document.getElementById("chapter-select");

/** Show the page that the address names, and draw it when it is shown for the first time. */
function route() {
  const wanted = decodeURIComponent(location.hash.slice(1)) || "overview";
  const shown = sections.find((section) => section.dataset.page === wanted) || sections[0];
  hideTip();
  if (dialog.open) dialog.close();
  for (const section of sections) section.hidden = section !== shown;
  for (const part of shown.querySelectorAll("[data-part]")) {
    if (part.hasAttribute("data-drawn")) continue;
    part.setAttribute("data-drawn", "");
    PARTS[part.dataset.part](part);
  }
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#${shown.dataset.page}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  select.value = DATA.chapters.some((chapter) => chapter.id === shown.dataset.page) ? shown.dataset.page : "";
  const heading = shown.querySelector("h1, h2");
  if (location.hash && heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  scrollTo(0, 0);
}

select.addEventListener("change", () => { if (select.value) location.hash = select.value; });
addEventListener("hashchange", route);
for (const link of document.querySelectorAll("[data-paper]")) {
  link.addEventListener("click", () => requestAnimationFrame(() => setTimeout(() => showPaper(link.dataset.paper))));
}

const theme = document.getElementById("theme");

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  theme.setAttribute("aria-pressed", String(dark));
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
setTheme(prefersDark.matches);
prefersDark.addEventListener("change", (event) => setTheme(event.matches));
theme.addEventListener("click", () => setTheme(document.documentElement.dataset.theme !== "dark"));
let wasDark = false;
addEventListener("beforeprint", () => {
  wasDark = document.documentElement.dataset.theme === "dark";
  setTheme(false);
});
addEventListener("afterprint", () => setTheme(wasDark));
route();
