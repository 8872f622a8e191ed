"use strict";
/* Copy buttons: the table beside them as CSV or Markdown. */
function cellsOf(table) {
  return [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText.replace(/\s+/g, " ").trim()));
}
function asCsv(rows) {
  const quoted = (text) => (/[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
  return rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}
function asMarkdown(rows) {
  const line = (row) => "| " + row.map((text) => text.replaceAll("|", "\\|")).join(" | ") + " |";
  return [line(rows[0]), "|" + " --- |".repeat(rows[0].length), ...rows.slice(1).map(line)].join("\n") + "\n";
}
function copyByHand(text) {
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = text;
  area.select();
  document.execCommand("copy");
  area.remove();
}
async function copyTable(button) {
  const rows = cellsOf(button.closest(".data").querySelector("table"));
  const text = button.dataset.copy === "csv" ? asCsv(rows) : asMarkdown(rows);
  try { await navigator.clipboard.writeText(text); } catch { copyByHand(text); }
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = label; }, 1200);
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copyTable(button));
}

/* Charts: lines with bands, drawn as SVG for the width there is; hover or arrow keys show the numbers. */
const SVG = new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;
const MARGIN = { left: 62, right: 22, top: 10, bottom: 30 };
const HEIGHT = 300;
function element(parent, name, attributes, text) {
  const node = parent.appendChild(document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}
function ticks(low, high, about) {
  const raw = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9 * step; i++) found.push(+(i * step).toPrecision(12));
  return found;
}
function extent(lines) {
  const all = lines.flatMap((line) => [line.middle, line.low || [], line.high || []].flat()).filter((v) => v !== null);
  const low = Math.min(...all), high = Math.max(...all), room = 0.05 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low - room, high + room];
}
function pathOf(xs, ys, x, y) {
  let pen = "M";
  return ys.map((value, i) => {
    if (value === null) { pen = "M"; return ""; }
    const point = pen + x(xs[i]).toFixed(1) + " " + y(value).toFixed(1);
    pen = "L";
    return point;
  }).join("");
}
const shown = (value) => (value === null ? "–" : String(value).replace("-", "−"));
function drawChart(box) {
  const data = JSON.parse(box.dataset.chart), panel = data.panels[box.querySelector("select").value];
  const frame = box.querySelector(".frame"), readout = box.querySelector(".readout");
  frame.replaceChildren();
  const width = Math.max(frame.clientWidth, 280);
  const svg = element(frame, "svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` });
  const xs = data.x, first = xs[0], last = xs[xs.length - 1], [low, high] = extent(panel.lines);
  const x = (v) => MARGIN.left + ((v - first) / (last - first || 1)) * (width - MARGIN.left - MARGIN.right);
  const y = (v) => HEIGHT - MARGIN.bottom - ((v - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  for (const v of ticks(low, high, 5)) {
    element(svg, "line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(v), y2: y(v), class: "grid" });
    element(svg, "text", { x: MARGIN.left - 6, y: y(v) + 4, "text-anchor": "end" }, shown(v));
  }
  for (const v of ticks(first, last, width / 90).filter((t) => Number.isInteger(t))) {
    element(svg, "text", { x: x(v), y: HEIGHT - 8, "text-anchor": "middle" }, v);
  }
  for (const line of panel.lines) {
    if (line.low) {
      const there = xs.map((_, i) => i).filter((i) => line.low[i] !== null && line.high[i] !== null);
      const up = pathOf(there.map((i) => xs[i]), there.map((i) => line.high[i]), x, y);
      const back = there.slice().reverse();
      const down = pathOf(back.map((i) => xs[i]), back.map((i) => line.low[i]), x, y).replace("M", "L");
      element(svg, "path", { d: up + down + "Z", fill: line.colour, "fill-opacity": 0.15 });
    }
    element(svg, "path", { d: pathOf(xs, line.middle, x, y), fill: "none", stroke: line.colour, "stroke-width": 1.8 });
  }
  const cursor = element(svg, "line", { y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom, class: "cursor" });
  const told = (value) => (value === null ? "–" : value.toFixed(panel.decimals).replace("-", "−"));
  const show = (i) => {
    box.at = Math.min(Math.max(i, 0), xs.length - 1);
    cursor.setAttribute("x1", x(xs[box.at]));
    cursor.setAttribute("x2", x(xs[box.at]));
    readout.replaceChildren(document.createTextNode(data.when[box.at] + ": "));
    for (const line of panel.lines) {
      const item = readout.appendChild(document.createElement("span"));
      const mark = item.appendChild(document.createElementNS(SVG, "svg"));
      mark.setAttribute("width", 12);
      mark.setAttribute("height", 10);
      element(mark, "rect", { width: 10, height: 10, fill: line.colour });
      const band = line.low ? ` (${told(line.low[box.at])} to ${told(line.high[box.at])})` : "";
      item.append(`${line.name} ${told(line.middle[box.at])}${band}`);
    }
    readout.append(panel.unit);
  };
  const nearest = (event) => {
    const at = first + ((event.offsetX - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * (last - first);
    show(xs.reduce((best, v, i) => (Math.abs(v - at) < Math.abs(xs[best] - at) ? i : best), 0));
  };
  svg.addEventListener("pointermove", nearest);
  svg.addEventListener("pointerdown", nearest);
  frame.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) { show(box.at + step); event.preventDefault(); }
  };
  show(box.at ?? xs.length - 1);
}
for (const box of document.querySelectorAll(".chart")) {
  box.hidden = false;
  box.querySelector("select").addEventListener("change", () => drawChart(box));
  new ResizeObserver(() => drawChart(box)).observe(box.querySelector(".frame"));
}
