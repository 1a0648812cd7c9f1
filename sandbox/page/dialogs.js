/** The small question that a button may ask before it acts. */

import { h } from "./dom.js";
import { text } from "./mrkdwn.js";

/** Ask; resolves to whether the answer was yes. Escape means no. */
export function ask(confirm, names) {
  return new Promise((resolve) => {
    const answer = (value) => () => dialog.close(value);
    const dialog = h("dialog", { class: "ask", "aria-label": confirm.title.text },
      h("h2", {}, text(confirm.title, names)),
      h("div", { class: "prose" }, text(confirm.text, names)),
      h("div", { class: "row end" },
        h("button", { type: "button", onclick: answer("no") }, text(confirm.deny, names)),
        h("button", { type: "button", class: confirm.style === "danger" ? "danger" : "primary", onclick: answer("yes") }, text(confirm.confirm, names))),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
