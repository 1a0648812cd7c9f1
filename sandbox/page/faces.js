/** Round initials instead of pictures. */

import { h } from "./dom.js";

const COLORS = ["#0f766e", "#b45309", "#4f46e5", "#be185d", "#4d7c0f", "#475569", "#7c3aed", "#0369a1"];

export const face = (person) => paint(h("span", { class: "face", "aria-hidden": "true" }), person);

/** Make an element the face of a person. */
export function paint(element, { id = "", name = "", real_name: realName, kind, color }) {
  const words = (realName || name || id).split(/[\s._-]+/).filter(Boolean);
  element.textContent = words.slice(0, 2).map((word) => word[0].toUpperCase()).join("");
  element.style.background = shade(color) ?? COLORS[[...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7) % COLORS.length];
  element.classList.toggle("bot", kind === "bot");
  return element;
}

const shade = (color) => (color ? (/^[0-9a-f]{6}$/i.test(color) ? `#${color}` : color) : null);
