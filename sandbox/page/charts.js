/** data_visualization blocks as SVG: bar, line, area and pie. */

import { h, svg } from "./dom.js";

const WIDTH = 460, HEIGHT = 220, LEFT = 48, BOTTOM = 34, TOP = 10, RIGHT = 8;
const COLORS = ["#0f766e", "#d97706", "#6366f1", "#db2777", "#65a30d", "#64748b"];
const figures = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** A chart with its title and legend; what it shows is also in its accessible name. */
export function chart(block) {
  const drawn = block.chart.type === "pie" ? pie(block.chart.segments) : axes(block.chart);
  return h("figure", { class: "chart" }, h("figcaption", {}, block.title),
    svg("svg", { viewBox: `0 0 ${drawn.width} ${drawn.height}`, role: "img", "aria-label": `${block.title}: ${drawn.said}` }, drawn.shapes),
    h("ul", { class: "legend" }, drawn.legend.map((label, index) =>
      h("li", {}, h("span", { class: "swatch", style: { background: color(index) } }), label)), (drawn.titles ?? []).map((title) => h("li", {}, title))));
}

const color = (index) => COLORS[index % COLORS.length];
const percent = (part) => `${(part * 100).toFixed(1)} %`;

function pie(segments) {
  const total = segments.reduce((sum, { value }) => sum + value, 0);
  const legend = segments.map(({ label, value }) => `${label}: ${figures.format(value)} (${percent(value / total)})`);
  let from = 0;
  const shapes = segments.map(({ value }, index) => {
    const start = from;
    from += value / total;
    return svg("circle", { cx: 90, cy: 90, r: 40, fill: "none", stroke: color(index), "stroke-width": 80, pathLength: 1,
      "stroke-dasharray": `${value / total} 1`, "stroke-dashoffset": -start, transform: "rotate(-90 90 90)" },
    svg("title", {}, legend[index]));
  });
  return { width: 180, height: 180, shapes, legend, said: legend.join(", ") };
}

function axes({ type, series, axis_config: axis }) {
  const categories = axis?.categories ?? series[0].data.map(({ label }) => label);
  const values = series.map(({ data }) => categories.map((label) => data.find((point) => point.label === label)?.value ?? null));
  const known = values.flat().filter((value) => value !== null);
  const ticks = ticksFor(Math.min(0, ...known), Math.max(0, ...known));
  const step = (WIDTH - LEFT - RIGHT) / categories.length;
  const place = {
    step,
    x: (index) => LEFT + step * (index + 0.5),
    y: (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - ticks[0]) / (ticks.at(-1) - ticks[0])),
  };
  const shapes = [
    ...ticks.map((tick) => tickLine(tick, place)),
    ...categories.map((label, index) => categoryLabel(label, index, place, categories.length)),
    ...(type === "bar" ? bars(values, place) : values.flatMap((line, index) => curve(line, index, place, type === "area"))),
  ];
  const said = series.map(({ name }, index) => `${name}: ${categories.map((label, at) => `${label} ${values[index][at] ?? "–"}`).join(", ")}`);
  const titles = [axis?.y_label && `↑ ${axis.y_label}`, axis?.x_label && `→ ${axis.x_label}`].filter(Boolean);
  return { width: WIDTH, height: HEIGHT, shapes, legend: series.map(({ name }) => name), titles, said: said.join("; ") };
}

function ticksFor(low, high) {
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.floor(low / step);
  const count = Math.max(Math.ceil(high / step) - first, 1);
  return Array.from({ length: count + 1 }, (_, index) => (first + index) * step);
}

const tickLine = (tick, { y }) => svg("g", { class: "tick" },
  svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }),
  svg("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, figures.format(tick)));

function categoryLabel(label, index, { x }, count) {
  const every = Math.ceil(count / 8);
  if (index % every) return null;
  const room = Math.max(Math.floor((64 / count) * every), 4);
  const shown = label.length > room ? `${label.slice(0, room - 1)}…` : label;
  return svg("text", { class: "category", x: x(index), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, shown, svg("title", {}, label));
}

function bars(values, { step, x, y }) {
  const width = Math.min((step * 0.7) / values.length, 48);
  return values.flatMap((line, index) => line.map((value, at) => value === null ? null :
    svg("rect", { x: x(at) + (index - values.length / 2) * width, width: width * 0.92, y: Math.min(y(value), y(0)),
      height: Math.abs(y(0) - y(value)), rx: 2, fill: color(index) }, svg("title", {}, String(value)))));
}

function curve(line, index, { x, y }, filled) {
  const points = line.flatMap((value, at) => (value === null ? [] : [[x(at), y(value), value]]));
  const path = points.map(([px, py]) => `${px},${py}`).join(" ");
  return [
    filled && points.length ? svg("polygon", { points: `${points[0][0]},${y(0)} ${path} ${points.at(-1)[0]},${y(0)}`, fill: color(index), opacity: 0.18 }) : null,
    svg("polyline", { points: path, fill: "none", stroke: color(index), "stroke-width": 2.5, "stroke-linejoin": "round" }),
    ...points.map(([cx, cy, value]) => svg("circle", { cx, cy, r: 3, fill: color(index) }, svg("title", {}, String(value)))),
  ];
}
