/** The messages of one channel as one person sees them. Only what changed is drawn anew. */

import { drawBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { face } from "./faces.js";
import { icon } from "./icons.js";
import { keepingFocus } from "./focus.js";
import { Form } from "./form.js";
import { dateText, text } from "./mrkdwn.js";

const TOGETHER_SECONDS = 300;
const NEAR_BOTTOM_PIXELS = 80;

export class MessageList {
  /** `connect(message)` gives { act, suggest } of a message; `suggestion()` is what an empty channel proposes to type. */
  constructor(container, newer, { connect, suggest }) {
    Object.assign(this, { container, newer, connect, suggest, drawn: new Map(), place: null, last: null });
    newer.addEventListener("click", () => this.#toBottom());
    container.addEventListener("scroll", () => { if (this.#atBottom()) newer.hidden = true; });
  }

  /** Show these messages of a place; another place starts at its bottom. */
  show(place, messages, names) {
    const elsewhere = this.place !== place;
    const stay = !elsewhere && !this.following && !this.#atBottom();
    if (elsewhere) this.drawn.clear();
    const rows = arranged(messages);
    keepingFocus(this.container, () => this.#replace(rows, names));
    const last = messages.at(-1)?.ts ?? null;
    if (stay) this.newer.hidden = this.newer.hidden && last === this.last;
    else this.#toBottom();
    Object.assign(this, { place, last, following: false });
  }

  /** Whatever comes next is one's own doing: show it. */
  follow() {
    this.following = true;
  }

  #atBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.container;
    return scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PIXELS;
  }

  #toBottom() {
    this.container.scrollTop = this.container.scrollHeight;
    this.newer.hidden = true;
  }

  #replace(rows, names) {
    const kept = new Map();
    for (const row of rows) {
      const signature = JSON.stringify(row);
      const before = this.drawn.get(row.key);
      kept.set(row.key, before?.signature === signature && before.names === names ? before
        : { signature, names, form: before?.form ?? new Form(), ...this.#draw(row, names, before?.form) });
    }
    this.drawn = kept;
    const nodes = [...kept.values()].map(({ node }) => node);
    sync(this.container, nodes.length ? nodes : [this.#empty()]);
  }

  #draw(row, names, form = new Form()) {
    return { form, node: row.day ? divider(row.day) : this.#message(row, names, form) };
  }

  #message({ message, first, reply }, names, form) {
    const { ts, user, name, is_bot: isBot, ephemeral, broadcast, edited } = message;
    const known = names.user(user);
    const node = h("article", {
      class: ["message", first && "first", ephemeral && "ephemeral", reply && "reply"].filter(Boolean).join(" "),
      dataset: { ts, user: user ?? "" }, "aria-label": `${name} at ${clock(ts)}`,
    });
    const surface = { names, form, warnings: message.warning, ...this.connect(message), redraw: () => node.replaceWith(this.#message({ message, first, reply }, names, form)) };
    node.append(
      h("div", { class: "gutter" }, first ? face(known ?? { id: user, name }) : h("time", { class: "beside" }, clock(ts))),
      h("div", { class: "content" },
        ephemeral && h("p", { class: "only-you" }, "Only visible to you"),
        broadcast && h("p", { class: "only-you" }, "Replied to a thread"),
        first && h("p", { class: "by" }, h("strong", {}, name), isBot && h("span", { class: "tag" }, "app"),
          known?.kind && !isBot && known.kind !== "member" && h("span", { class: "tag" }, known.kind),
          h("time", { title: new Date(Number(ts) * 1000).toString() }, clock(ts))),
        ...(message.blocks?.length ? drawBlocks(message.blocks, surface) : [h("div", { class: "prose" }, text(message.text ?? "", names))]),
        looseWarnings(message),
        message.file && attachment(message.file),
        edited && h("span", { class: "edited" }, "(edited)")),
    );
    return node;
  }

  #empty() {
    return h("div", { class: "empty" },
      h("p", {}, "Nothing has been said here yet."),
      h("div", { class: "row" }, this.suggest().map(([command, choose]) => h("button", { type: "button", onclick: choose }, command))));
  }
}

/**
 * Rows to draw: a divider for each day, replies under what they reply to, heads only where the speaker changes. A reply that
 * is shown in the channel as well stands there.
 */
function arranged(messages) {
  const roots = messages.filter(({ ts, thread_ts: thread, broadcast }) => !thread || broadcast || thread === ts || !messages.some((one) => one.ts === thread));
  const rows = [];
  let before = null;
  for (const root of roots) {
    const day = dateText(Number(root.ts), "{day_divider_pretty}");
    if (!before || dateText(Number(before.ts), "{day_divider_pretty}") !== day) {
      rows.push({ key: `day ${day}`, day });
      before = null;
    }
    const replies = messages.filter((one) => one.thread_ts === root.ts && one.ts !== root.ts && !one.broadcast);
    for (const message of [root, ...replies]) {
      rows.push({ key: message.ts, message, reply: message !== root, first: message !== root || !continues(before, message) });
    }
    before = replies.length ? { ...root, user: null } : root;
  }
  return rows;
}

const continues = (before, message) => Boolean(before) && before.user === message.user && before.name === message.name
  && before.ephemeral === message.ephemeral && !message.ephemeral && !before.blocks?.length && !message.blocks?.length
  && Number(message.ts) - Number(before.ts) < TOGETHER_SECONDS;

/** Make the children exactly these nodes, moving and removing as little as possible. */
function sync(container, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...container.childNodes]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (container.childNodes[index] !== node) container.insertBefore(node, container.childNodes[index] ?? null);
  });
}

function looseWarnings({ warning = {}, blocks }) {
  const placed = new Set((blocks ?? []).map((block) => block.block_id));
  return Object.entries(warning).filter(([id]) => !placed.has(id)).map(([, said]) => h("p", { class: "warning", role: "alert" }, `⚠️ ${said}`));
}

const clock = (ts) => dateText(Number(ts), "{time}");
const divider = (day) => h("div", { class: "day", role: "separator" }, h("span", {}, day.charAt(0).toUpperCase() + day.slice(1)));

const sizes = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const fileSize = (bytes) => (bytes < 1024 ? `${bytes} bytes` : bytes < 1024 ** 2 ? `${sizes.format(bytes / 1024)} KiB` : `${sizes.format(bytes / 1024 ** 2)} MiB`);
const attachment = ({ name, size, url }) => h("a", { class: "file", href: url, download: name },
  icon("file"), h("span", {}, h("strong", {}, name), h("small", {}, fileSize(size))));
