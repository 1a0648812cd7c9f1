/** The side panel: what goes on in the simulated Quay, and switches to make its life hard. */

import { quay } from "./api.js";
import { byId, h } from "./dom.js";

const EVERY_MS = 3000;
const TOKENS = ["sandbox-superuser", "sandbox-readonly"];
const SERVICES = ["quay_builder", "clair_scanner", "mirror_worker", "notification_relay"];
const UNITS = { GiB: 2 ** 30, MiB: 2 ** 20, TiB: 2 ** 40 };

const WRITES = ["POST", "PUT", "DELETE"];
const ODD_FIELDS = ["performer.is_robot", "datetime", "quota_report.quota_bytes", "super_user", "metadata", "quotas"];

const failures = (kind, more = {}) => [{ kind, remaining: null, ...more }];
const ofWrites = (kind, more) => WRITES.flatMap((method) => failures(kind, { method, ...more }));

/** Each switch: its words, the faults that it stands for, and how it is known that it is on. */
const FAULTS = [
  { label: "Slow: 2 s for each request", values: { delay_seconds: 2 }, isOn: ({ delay_seconds: delay }) => delay > 0 },
  { label: "Answers every request with 500", values: { failures: failures("500") }, isOn: some("failures", ({ kind }) => kind === "500") },
  { label: "Down: hangs up on every request", values: { failures: failures("closed") }, isOn: some("failures", (one) => one.kind === "closed" && !one.after_effect) },
  { label: "Breaks off in the middle of every answer", values: { failures: failures("cut") }, isOn: some("failures", ({ kind }) => kind === "cut") },
  { label: "Does what is asked, but the answer to a change is lost",
    values: { failures: ofWrites("closed", { after_effect: true }) }, isOn: some("failures", (one) => one.kind === "closed" && one.after_effect) },
  { label: "A gateway answers changes with 504, and they land 8 s later",
    values: { failures: ofWrites("504", { late_seconds: 8 }) }, isOn: some("failures", ({ kind }) => kind === "504") },
  { label: "A gateway lets 5 requests a second through", values: { rate_limit: { per_second: 5, burst: 5 } }, isOn: ({ rate_limit: limit }) => Boolean(limit) },
  { label: "The bot's tokens are no longer good", values: { revoked_tokens: TOKENS }, isOn: ({ revoked_tokens: tokens }) => tokens.length > 0 },
  { label: "Lists do not advance: page one again and again", values: { stuck_pages: [{ kind: "repeat" }] }, isOn: some("stuck_pages", ({ kind }) => kind === "repeat") },
  { label: "Lists do not advance: two pages in turn", values: { stuck_pages: [{ kind: "alternate" }] }, isOn: some("stuck_pages", ({ kind }) => kind === "alternate") },
  { label: "Every third entry of a list is odd", values: { odd_entries: ODD_FIELDS.map((field) => ({ field, every: 3 })) }, isOn: some("odd_entries", () => true) },
];

const FEATURES = {
  readonly: "Read-only mode", quota_management: "Quota management", edit_quota: "Editing quotas",
  verify_quota: "Checking quotas at a push", auto_prune: "Pruning tags", repo_mirror: "Mirroring repositories", config_dump: "Configuration dump",
  superusers_full_access: "Full access for superusers", mailing: "Mailing", mail_server: "Mail server", log_search: "Searching logs", background_workers: "Background workers",
};
const AUTHENTICATION = { label: "Users come from LDAP", on: "LDAP", off: "Database" };

function some(list, predicate) {
  return (faults) => faults[list].some(predicate);
}

/** All faults of some switches in one object: lists grow, the rest is set. */
function together(switches) {
  const wanted = {};
  for (const { values } of switches)
    for (const [name, value] of Object.entries(values)) wanted[name] = Array.isArray(value) ? [...(wanted[name] ?? []), ...value] : value;
  return wanted;
}

export class RegistryPanel {
  constructor() {
    this.panel = byId("registry");
    this.toggle = byId("registry-toggle");
    this.said = h("p", { class: "said small", role: "status" });
    this.waiting = h("ul", { class: "waiting", "aria-label": "Waiting keys" });
    this.figures = h("p", { class: "small" });
    this.faults = FAULTS.map((fault) => this.#switch(fault.label, () => this.#setFaults()));
    this.features = Object.entries(FEATURES).map(([name, label]) => this.#switch(label, (on) => this.#do(quay.set("features", { [name]: on }), `${label}: ${on ? "on" : "off"}.`)));
    this.authentication = this.#switch(AUTHENTICATION.label, (on) => this.#do(quay.set("features", { authentication: AUTHENTICATION[on ? "on" : "off"] }), `${AUTHENTICATION.label}: ${on ? "yes" : "no"}.`));
    this.panel.append(
      h("header", {}, h("h2", {}, "Registry"), h("button", { type: "button", class: "icon", "aria-label": "Hide the registry panel", onclick: () => this.open(false) }, "✕")),
      this.figures, this.said,
      h("section", {}, h("h3", {}, "Waiting keys"), this.waiting, this.#keyForm()),
      h("section", {}, h("h3", {}, "Use of a namespace"), this.#usageForm()),
      h("section", {}, h("h3", {}, "Trouble"), this.faults.map(({ node }) => node)),
      h("section", {}, h("h3", {}, "Features"), [...this.features, this.authentication].map(({ node }) => node),
        h("button", { type: "button", onclick: () => this.#do(quay.set("features/quay-defaults", {}), "Quay has its own defaults.") }, "Quay's own defaults")),
    );
    this.toggle.addEventListener("click", () => this.open(this.panel.hidden));
    setInterval(() => { if (!document.hidden) this.refresh(); }, EVERY_MS);
    this.refresh();
  }

  open(wanted) {
    this.panel.hidden = !wanted;
    this.toggle.setAttribute("aria-expanded", String(wanted));
    document.body.classList.toggle("registry-open", wanted);
    if (wanted) this.refresh();
  }

  async refresh() {
    const state = await quay.state();
    if (state.error) {
      this.figures.textContent = "The simulated Quay does not answer.";
      return;
    }
    this.figures.textContent = `Simulated Quay: ${state.organizations} organizations, ${state.users} users, ${state.keys} service keys.`;
    this.#showWaiting(state.waiting_keys);
    FAULTS.forEach(({ isOn }, index) => { this.faults[index].box.checked = isOn(state.faults); });
    Object.keys(FEATURES).forEach((name, index) => { this.features[index].box.checked = state.features[name]; });
    this.authentication.box.checked = state.features.authentication !== AUTHENTICATION.off;
  }

  #showWaiting(keys) {
    const badge = byId("waiting-count");
    badge.textContent = keys.length;
    badge.title = `${keys.length} waiting keys`;
    badge.hidden = !keys.length;
    const rows = keys.map(({ kid, service, created }) => h("li", {},
      h("strong", {}, service), h("code", {}, kid.slice(0, 12)),
      h("time", { class: "small", datetime: created }, new Date(created).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }))));
    this.waiting.replaceChildren(...(rows.length ? rows : [h("li", { class: "small" }, "No key waits for approval.")]));
  }

  async #do(request, done) {
    const answer = await request;
    this.said.textContent = answer.error ?? done;
    this.said.classList.toggle("error", Boolean(answer.error));
    await this.refresh();
  }

  #setFaults() {
    const on = FAULTS.filter((_, index) => this.faults[index].box.checked);
    return this.#do(quay.set("faults", together(on)), on.length ? `In trouble: ${on.map(({ label }) => label).join("; ")}.` : "No trouble.");
  }

  #switch(label, onChange) {
    const box = h("input", { type: "checkbox", role: "switch", onchange: () => onChange(box.checked) });
    return { box, node: h("label", { class: "switch" }, box, h("span", {}, label)) };
  }

  #keyForm() {
    const service = h("select", { "aria-label": "Service" }, SERVICES.map((name) => h("option", {}, name)));
    const honest = h("input", { type: "checkbox", checked: true });
    return h("form", { onsubmit: (event) => {
      event.preventDefault();
      this.#do(quay.set("keys", { service: service.value, honest: honest.checked }), `${service.value} asked for a key.`);
    } },
    service,
    h("label", { class: "small" }, honest, " its id is the fingerprint of the key"),
    h("button", { type: "submit" }, "A service asks for a key"));
  }

  #usageForm() {
    const namespace = h("input", { "aria-label": "Namespace", placeholder: "team-alpha", required: true, autocapitalize: "none", spellcheck: "false" });
    const amount = h("input", { "aria-label": "Amount used", type: "number", min: 0, step: "any", placeholder: "75", required: true });
    const unit = h("select", { "aria-label": "Unit" }, Object.keys(UNITS).map((name) => h("option", {}, name)));
    const counted = h("select", { "aria-label": "Counting of the use" }, Object.entries({ complete: "counted", running: "being counted", waiting: "not counted yet" }).map(([value, label]) => h("option", { value }, label)));
    return h("form", { onsubmit: (event) => {
      event.preventDefault();
      const bytes = Math.round(amount.value * UNITS[unit.value]);
      this.#do(quay.set("usage", { namespace: namespace.value.trim(), quota_bytes: bytes, backfill_status: counted.value }),
        `${namespace.value.trim()} now uses ${amount.value} ${unit.value}.`);
    } },
    namespace, h("div", { class: "row" }, amount, unit), counted,
    h("div", { class: "row" },
      h("button", { type: "submit" }, "Set the use"),
      h("button", { type: "button", onclick: () => { if (namespace.reportValidity()) this.#tryPush(namespace.value.trim()); } }, "Try a push")));
  }

  async #tryPush(namespace) {
    const { error, refused, warned, why } = await quay.push(namespace);
    const outcome = refused ? "refused" : warned ? "accepted, with a warning to its owners" : "accepted";
    this.said.textContent = error ?? `A push to ${namespace} would be ${outcome}. ${why}`;
    this.said.classList.toggle("error", Boolean(error ?? refused));
  }
}
