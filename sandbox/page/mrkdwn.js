/** Slack's mrkdwn and plain text as DOM nodes. */

import { emoji } from "./emoji.js";
import { h } from "./dom.js";

const inside = (mark) => "(?:<[^<>\\n]+>|`[^`\\n]+`|[^" + mark + "\\n<`])+?";
const styled = (mark, name) =>
  `(?<![\\p{L}\\p{N}${mark}])[${mark}](?=\\S)(?<${name}>${inside(mark)})(?<=\\S)[${mark}](?![\\p{L}\\p{N}${mark}])`;
const INLINE = new RegExp(
  ["`(?<code>[^`\\n]+)`", "<(?<token>[^<>\\n]+)>", styled("*", "bold"), styled("_", "italic"), styled("~", "strike")].join("|"),
  "gu",
);
const TAGS = { bold: "strong", italic: "em", strike: "s" };
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

const unescape = (text) => text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);

/** A text object of Block Kit, or a bare string of mrkdwn. `names` looks up people and channels. */
export function text(object, names) {
  if (!object) return [];
  if (typeof object === "string") return mrkdwn(object, names);
  return object.type === "mrkdwn" ? mrkdwn(object.text, names) : plain(object.text);
}

/** Plain text: its line breaks, and emoji by name. */
export const plain = (source) => lines(emoji(source), (line) => [line]);

/** Mrkdwn with code blocks, quotes and everything that stands inside a line. */
export function mrkdwn(source, names) {
  return source.split(/```\n?([\s\S]*?)\n?```/g).flatMap((part, index) =>
    index % 2 ? [h("pre", {}, h("code", {}, codeText(part, names)))] : quotes(part, names),
  );
}

function quotes(source, names) {
  const groups = [];
  for (const line of source.split("\n")) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    const last = groups.at(-1);
    if (last && last.quoted === Boolean(quoted)) last.lines.push(quoted ? quoted[1] : line);
    else groups.push({ quoted: Boolean(quoted), lines: [quoted ? quoted[1] : line] });
  }
  return groups.flatMap((group) => {
    const drawn = lines(group.lines.join("\n"), (line) => inline(line, names));
    return group.quoted ? [h("blockquote", {}, drawn)] : drawn;
  });
}

function lines(source, draw) {
  return source.split("\n").flatMap((line, index) => (index ? [h("br"), ...draw(line)] : draw(line)));
}

function inline(source, names) {
  const nodes = [];
  let end = 0;
  for (const match of source.matchAll(INLINE)) {
    nodes.push(emoji(unescape(source.slice(end, match.index))), inlineNode(match.groups, names));
    end = match.index + match[0].length;
  }
  nodes.push(emoji(unescape(source.slice(end))));
  return nodes;
}

function inlineNode(found, names) {
  if (found.code) return h("code", {}, codeText(found.code, names));
  if (found.token) return token(found.token, names);
  const [style, content] = Object.entries(found).find(([, value]) => value !== undefined);
  return h(TAGS[style], {}, inline(content, names));
}

function codeText(source, names) {
  return source.split(/<([^<>\n]+)>/g).map((part, index) => (index % 2 ? token(part, names) : unescape(part)));
}

/** What stands between `<` and `>`: a person, a channel, a date, a group of people, or a link. */
function token(written, names) {
  const bar = written.indexOf("|");
  const target = bar < 0 ? written : written.slice(0, bar);
  const label = bar < 0 ? "" : unescape(written.slice(bar + 1));
  if (target.startsWith("@")) return person(target.slice(1), label, names);
  if (target.startsWith("#")) return channel(target.slice(1), label, names);
  if (target.startsWith("!date^")) return dateToken(target, label);
  if (target.startsWith("!subteam^")) return mention(label || `@${names.group?.(target.slice(9))?.handle ?? target.slice(9)}`);
  if (target.startsWith("!")) return mention(`@${label || target.slice(1)}`, "loud");
  return link(unescape(target), label);
}

export const person = (id, label, names) => mention(`@${names.user(id)?.name ?? (label || id)}`);

export const channel = (id, label, names) =>
  h("a", { class: "mention", href: `?channel=${encodeURIComponent(id)}`, dataset: { channel: id } }, `#${names.channel(id)?.name ?? (label || id)}`);

export const mention = (label, manner = "") => h("span", { class: `mention ${manner}` }, label);

/** A link that opens beside the page; anything but the web and mail stays text. */
export function link(url, label) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return h("span", {}, label || url);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label || url.replace(/^mailto:/, ""));
}

function dateToken(target, fallback) {
  const [, epoch, format, url] = target.split("^");
  const seconds = Number(epoch);
  if (!Number.isFinite(seconds) || !format) return h("span", {}, fallback || target);
  const shown = h("time", { datetime: new Date(seconds * 1000).toISOString(), title: fallback }, dateText(seconds, format));
  return url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, shown) : shown;
}

const words = (options) => (date) => date.toLocaleString("en-GB", options);
const DAY = { day: "numeric", month: "long", year: "numeric" };
const SHORT = { day: "numeric", month: "short", year: "numeric" };
const LONG = { weekday: "long", ...DAY };
const near = (options) => (date) => {
  const days = Math.round((startOfDay(date) - startOfDay(new Date())) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? words(options)(date);
};
const DATE_PARTS = {
  date_num: (date) => date.toLocaleDateString("en-CA"),
  date: words(DAY), date_short: words(SHORT), date_long: words(LONG),
  date_pretty: near(DAY), date_short_pretty: near(SHORT), date_long_pretty: near(LONG), day_divider_pretty: near(LONG),
  time: words({ hour: "2-digit", minute: "2-digit" }), time_secs: words({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago,
};

/** A moment in the zone of this browser, by Slack's format such as `{date_short_pretty} {time}`. */
export function dateText(seconds, format) {
  const date = new Date(seconds * 1000);
  return format.replace(/\{(\w+)\}/g, (whole, part) => DATE_PARTS[part]?.(date) ?? whole);
}

function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  const steps = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, length] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / length), unit);
}

const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
