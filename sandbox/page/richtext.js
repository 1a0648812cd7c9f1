/** rich_text blocks, and the standard Markdown of markdown blocks. */

import { channel, dateText, link, mention, person } from "./mrkdwn.js";
import { emoji } from "./emoji.js";
import { h } from "./dom.js";

const STYLES = { code: "code", strike: "s", italic: "em", bold: "strong" };

/** What a rich_text block, or a cell of that type, consists of. */
export const richText = (block, names) => (block.elements ?? []).map((element) => richBlock(element, names));

function richBlock(element, names) {
  const inside = () => element.elements.map((child) => richInline(child, names));
  switch (element.type) {
    case "rich_text_preformatted": return h("pre", {}, h("code", {}, inside()));
    case "rich_text_quote": return h("blockquote", {}, inside());
    case "rich_text_list":
      return h(element.style === "ordered" ? "ol" : "ul",
        { start: (element.offset ?? 0) + 1, style: { marginLeft: `${(element.indent ?? 0) * 1.25}em` } },
        element.elements.map((item) => h("li", {}, richBlock(item, names))));
    default: return h("div", { class: "rich" }, inside());
  }
}

function richInline(element, names) {
  const wrapped = Object.entries(STYLES).reduce(
    (node, [style, tag]) => (element.style?.[style] ? h(tag, {}, node) : node), richLeaf(element, names));
  return wrapped;
}

function richLeaf(element, names) {
  switch (element.type) {
    case "link": return link(element.url, element.text);
    case "user": return person(element.user_id, "", names);
    case "channel": return channel(element.channel_id, "", names);
    case "usergroup": return mention(`@${element.usergroup_id}`);
    case "broadcast": return mention(`@${element.range}`, "loud");
    case "emoji": return emoji(`:${element.name}:`);
    case "date": return h("time", { title: element.fallback }, dateText(element.timestamp, element.format));
    default: return breaks(element.text ?? "");
  }
}

const breaks = (source) => h("span", {}, source.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line])));

const STARTS = /^(#{1,6} |\s*[-*+] |\s*\d+[.)] |> ?|```|\||(?:-{3,}|\*{3,})\s*$)/;

/** Standard Markdown, as far as the markdown block knows it. */
export function markdown(source) {
  const rest = source.split("\n");
  const nodes = [];
  while (rest.length) {
    if (rest[0].trim()) nodes.push(markdownBlock(rest));
    else rest.shift();
  }
  return nodes;
}

function markdownBlock(rest) {
  const [line] = rest;
  const heading = /^(#{1,6}) (.*)$/.exec(line);
  if (heading) return rest.shift() && h(`h${Math.min(heading[1].length + 1, 6)}`, {}, markdownInline(heading[2]));
  if (/^(?:-{3,}|\*{3,})\s*$/.test(line)) return rest.shift() && h("hr");
  if (line.startsWith("```")) return fence(rest);
  if (line.startsWith(">")) return h("blockquote", {}, markdown(take(rest, /^> ?/).map((l) => l.replace(/^> ?/, "")).join("\n")));
  if (line.startsWith("|") && /^\|?[\s:|-]+\|?\s*$/.test(rest[1] ?? "")) return markdownTable(rest);
  if (/^\s*[-*+] /.test(line)) return list("ul", take(rest, /^\s*[-*+] /), /^\s*[-*+] /);
  if (/^\s*\d+[.)] /.test(line)) return list("ol", take(rest, /^\s*\d+[.)] /), /^\s*\d+[.)] /);
  return paragraph(rest);
}

function paragraph(rest) {
  const lines = [rest.shift()];
  while (rest.length && rest[0].trim() && !STARTS.test(rest[0])) lines.push(rest.shift());
  return h("p", {}, lines.flatMap((line, index) => (index ? [h("br"), ...markdownInline(line)] : markdownInline(line))));
}

function fence(rest) {
  rest.shift();
  const end = rest.findIndex((line) => line.startsWith("```"));
  const code = rest.splice(0, end < 0 ? rest.length : end + 1);
  return h("pre", {}, h("code", {}, (end < 0 ? code : code.slice(0, -1)).join("\n")));
}

function take(rest, pattern) {
  const end = rest.findIndex((line) => !pattern.test(line));
  return rest.splice(0, end < 0 ? rest.length : end);
}

const list = (tag, lines, bullet) => h(tag, {}, lines.map((line) => h("li", {}, markdownInline(line.replace(bullet, "")))));

function markdownTable(rest) {
  const [head, , ...rows] = take(rest, /^\|/).map((line) => line.trim().replace(/^\||\|$/g, "").split("|"));
  const row = (tag) => (cells) => h("tr", {}, cells.map((cell) => h(tag, {}, markdownInline(cell.trim()))));
  return h("div", { class: "table-box", tabindex: 0 },
    h("table", {}, h("thead", {}, row("th")(head)), h("tbody", {}, rows.map(row("td")))));
}

const MARKDOWN = /`(?<code>[^`]+)`|\[(?<label>[^\]]+)\]\((?<url>[^)\s]+)\)|\*\*(?<bold>.+?)\*\*|~~(?<strike>.+?)~~|(?<![\w*])[*_](?<italic>[^*_]+)[*_](?![\w*])/g;

function markdownInline(source) {
  const nodes = [];
  let end = 0;
  for (const { 0: whole, index, groups } of source.matchAll(MARKDOWN)) {
    nodes.push(emoji(source.slice(end, index)), markdownNode(groups));
    end = index + whole.length;
  }
  nodes.push(emoji(source.slice(end)));
  return nodes;
}

function markdownNode({ code, label, url, bold, strike, italic }) {
  if (code) return h("code", {}, code);
  if (url) return link(url, label);
  if (bold) return h("strong", {}, markdownInline(bold));
  return strike ? h("s", {}, markdownInline(strike)) : h("em", {}, markdownInline(italic));
}
