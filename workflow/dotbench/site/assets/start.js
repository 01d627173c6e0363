// Which page is shown, and light or dark.

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
