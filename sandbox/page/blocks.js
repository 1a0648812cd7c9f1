/**
 * Block Kit as DOM nodes.
 *
 * A surface is what blocks are drawn on, a message or a view: { names, form, errors, warnings, act, suggest, redraw }.
 * `act(blockId, action)` and `suggest(blockId, actionId, value)` reach the bot; `errors` and `warnings` are texts by block id.
 */

import { chart } from "./charts.js";
import { element } from "./elements.js";
import { h } from "./dom.js";
import { plain, text } from "./mrkdwn.js";
import { markdown, richText } from "./richtext.js";
import { dataTable, table } from "./tables.js";

/** All blocks of a message or view. */
export const drawBlocks = (blocks, surface) => blocks.map((block) => {
  const draw = DRAWN[block.type] ?? undrawn;
  const warning = surface.warnings?.[block.block_id];
  return h("div", { class: `block ${block.type}`, dataset: { blockId: block.block_id ?? "", blockType: block.type } },
    draw(block, surface), warning && h("p", { class: "warning", role: "alert" }, `⚠️ ${warning}`));
});

const undrawn = (block) => h("span", { class: "undrawn" }, `The sandbox's page does not draw ${block.type} blocks.`);

const prose = (object, { names }, tag = "div") => h(tag, { class: "prose" }, text(object, names));

const section = (block, surface) => [
  h("div", { class: "section-body" },
    block.text && prose(block.text, surface),
    block.fields && h("div", { class: "fields" }, block.fields.map((field) => prose(field, surface)))),
  block.accessory && h("div", { class: "accessory" }, small(block.accessory, block.block_id, surface)),
];

const small = (spec, blockId, surface) => (spec.type === "image"
  ? h("img", { src: spec.image_url ?? spec.slack_file?.url, alt: spec.alt_text, loading: "lazy" })
  : element(spec, blockId, surface));

const context = (block, surface) => block.elements.map((one) => (one.type === "image" ? small(one) : prose(one, surface, "span")));

const image = (block, { names }) => h("figure", {},
  block.title && h("figcaption", {}, text(block.title, names)),
  h("img", { src: block.image_url ?? block.slack_file?.url ?? `/sandbox/slack/files/${block.slack_file?.id}`, alt: block.alt_text, loading: "lazy" }));

function input(block, surface) {
  const id = `input-${crypto.randomUUID()}`;
  const error = surface.errors?.[block.block_id];
  const control = element(block.element, block.block_id, surface, { id, label: block.label.text, dispatches: block.dispatch_action ?? false });
  (control.id === id ? control : control.querySelector(`#${id}`) ?? control).setAttribute("aria-invalid", String(Boolean(error)));
  return [
    h("label", { for: id }, plain(block.label.text), block.optional && h("span", { class: "optional" }, " (optional)")),
    control,
    h("p", { id: `${id}-error`, class: "error", role: error ? "alert" : null }, error ?? ""),
    block.hint && h("p", { class: "hint" }, plain(block.hint.text)),
  ];
}

const DRAWN = {
  header: (block) => h("h3", {}, plain(block.text.text)),
  section, context, image, input,
  divider: () => h("hr"),
  actions: (block, surface) => block.elements.map((one) => element(one, block.block_id, surface)),
  table: (block, { names }) => table(block, names),
  data_table: (block, { names }) => dataTable(block, names),
  data_visualization: chart,
  markdown: (block) => h("div", { class: "prose markdown-body" }, markdown(block.text)),
  rich_text: (block, { names }) => h("div", { class: "prose" }, richText(block, names)),
  alert: (block, surface) => h("div", { class: `alert-body ${block.level ?? "default"}`, role: "note" }, prose(block.text, surface)),
};
