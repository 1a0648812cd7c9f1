/** table and data_table blocks; the first row is the header. */

import { h } from "./dom.js";
import { richText } from "./richtext.js";

/** A plain table, in a box of its own that scrolls sideways. */
export function table(block, names) {
  const settings = block.column_settings ?? [];
  return box("Table", grid(block.rows, settings, names));
}

/** A table with a caption, pages, and columns that sort when their heading is pressed. */
export function dataTable(block, names) {
  const [head, ...rows] = block.rows;
  const size = block.page_size ?? 5;
  const shown = { page: 0, column: null, down: false };
  const container = h("figure", { class: "data-table" });
  const draw = () => {
    const sorted = shown.column === null ? rows : sort(rows, shown);
    const pages = Math.max(Math.ceil(sorted.length / size), 1);
    const page = sorted.slice(shown.page * size, (shown.page + 1) * size);
    const settings = head.map((_, index) => ({ align: rows.every((row) => isNumber(row[index])) ? "right" : "left" }));
    container.replaceChildren(
      h("figcaption", {}, block.caption),
      box(block.caption, grid([head, ...page], settings, names, heading)),
      ...(pages > 1 ? [pager(pages)] : []),
    );
  };
  const heading = (content, column) => h("button", { type: "button", class: "sort", onclick: () => {
    Object.assign(shown, { column, down: shown.column === column && !shown.down, page: 0 });
    draw();
  } }, content, shown.column === column ? (shown.down ? " ↓" : " ↑") : "");
  const turn = (by) => () => { shown.page += by; draw(); };
  const pager = (pages) => h("div", { class: "pager" },
    h("button", { type: "button", "aria-label": "Earlier rows", disabled: shown.page === 0, onclick: turn(-1) }, "‹"),
    h("span", {}, `${shown.page + 1} of ${pages}`),
    h("button", { type: "button", "aria-label": "Later rows", disabled: shown.page === pages - 1, onclick: turn(1) }, "›"));
  draw();
  return container;
}

const box = (label, content) => h("div", { class: "table-box", role: "region", "aria-label": label, tabindex: 0 }, content);

function grid([head, ...rows], settings, names, heading = (content) => content) {
  const row = (tag, wrap) => (cells) => h("tr", {}, cells.map((cell, index) => {
    const { align = "left", is_wrapped: wrapped = false } = settings[index] ?? {};
    return h(tag, { class: `${align} ${wrapped ? "wraps" : ""}` }, wrap(cellContent(cell, names), index));
  }));
  return h("table", {}, h("thead", {}, row("th", heading)(head)), h("tbody", {}, rows.map(row("td", (content) => content))));
}

function cellContent(cell, names) {
  if (!cell) return "";
  if (cell.type === "rich_text") return richText(cell, names);
  return cell.text ?? String(cell.value ?? "");
}

const isNumber = (cell) => cell?.type === "raw_number";
const sortValue = (cell) => (isNumber(cell) ? cell.value : cell?.text ?? JSON.stringify(cell));

function sort(rows, { column, down }) {
  const direction = down ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [sortValue(one[column]), sortValue(other[column])];
    return direction * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  });
}
