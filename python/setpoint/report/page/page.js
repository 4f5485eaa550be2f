"use strict";
// Tables sort without anything; charts wait until Plotly, which is stored compressed, is unpacked.

const root = document.documentElement;
const wide = matchMedia("(min-width: 601px)");
const texts = JSON.parse(document.getElementById("texts").textContent);
const figures = JSON.parse(document.getElementById("charts").textContent);
for (const { data } of Object.values(figures)) {
  for (const trace of data) trace.text = trace.text?.map((number) => texts[number]);
}

function setTheme(dark) {
  root.dataset.theme = dark ? "dark" : "light";
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
setTheme(prefersDark.matches);
prefersDark.addEventListener("change", (event) => { setTheme(event.matches); drawAll(); });
document.getElementById("theme").addEventListener("click", () => {
  setTheme(root.dataset.theme !== "dark");
  drawAll();
});

// Tables.

function keyOf(row, column) {
  const cell = row.cells[column];
  const key = cell.dataset.key ?? cell.textContent;
  if (key === "" || key === "–") return null;
  const number = Number(key);
  return Number.isNaN(number) ? key : number;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a.localeCompare(b);
}

function sortBy(table, header) {
  const column = header.cellIndex;
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row, column), row]);
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return ascending ? compare(a, b) : compare(b, a);
  });
  table.tBodies[0].append(...rows.map(([, row]) => row));
  hide(table);
}

function hide(table) {
  const shown = Number(table.dataset.shown ?? Infinity);
  [...table.tBodies[0].rows].forEach((row, i) => row.classList.toggle("hidden", i >= shown));
}

for (const table of document.querySelectorAll("table")) {
  hide(table);
  for (const header of table.tHead.rows[0].cells) {
    header.firstElementChild.addEventListener("click", () => sortBy(table, header));
  }
}

for (const button of document.querySelectorAll(".more")) {
  button.addEventListener("click", () => {
    const table = document.getElementById(button.dataset.table);
    delete table.dataset.shown;
    hide(table);
    button.remove();
  });
}

// Charts.

function coloured(value, style) {
  if (typeof value === "string") return value.startsWith("--") ? style.getPropertyValue(value).trim() : value;
  if (Array.isArray(value)) return value.map((item) => coloured(item, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, coloured(item, style)]));
}

function axisOf(given) {
  return {
    gridcolor: "--rule", linecolor: "--quiet", zeroline: false, automargin: true,
    ...given, title: { ...given?.title, standoff: 8 },
  };
}

function draw(name) {
  const { data, layout } = figures[name];
  const style = getComputedStyle(root);
  const whole = {
    margin: { l: 50, r: 16, t: 28, b: 40 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: "--ink" },
    hoverlabel: { align: "left", bgcolor: "--panel", bordercolor: "--rule", font: { color: "--ink" } },
    hovermode: "closest",
    dragmode: wide.matches ? "zoom" : false,
    legend: { orientation: "h", x: 1, xanchor: "right", y: 1.02, yanchor: "bottom" },
    autosize: true,
    ...layout,
    xaxis: axisOf(layout.xaxis),
    yaxis: axisOf(layout.yaxis),
  };
  const options = { responsive: true, displaylogo: false, displayModeBar: false };
  return Plotly.react(`chart-${name}`, coloured(data, style), coloured(whole, style), options);
}

function drawAll() {
  if (window.Plotly) return Promise.all(Object.keys(figures).map(draw));
}

async function unpack() {
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}

unpack().then(drawAll).then(() => { root.dataset.drawn = "yes"; }).catch((error) => {
  for (const place of document.querySelectorAll(".chart")) {
    place.classList.add("failed");
    place.textContent = `This chart could not be drawn: ${error.message}`;
  }
});
