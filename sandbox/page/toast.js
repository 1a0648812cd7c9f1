/** A sentence that appears for a while at the bottom of the page. */

import { h } from "./dom.js";

const SHOWN_MS = 8000;

/** Take away what is shown. */
export const dismiss = () => document.querySelector(".toast")?.remove();

export function toast(sentence) {
  const node = h("div", { class: "toast", role: "alert" }, sentence,
    h("button", { type: "button", class: "icon", "aria-label": "Dismiss", onclick: () => node.remove() }, "✕"));
  dismiss();
  document.body.append(node);
  setTimeout(() => node.remove(), SHOWN_MS);
}
