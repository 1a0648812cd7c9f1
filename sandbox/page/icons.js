/** The page's own small pictures. */

import { svg } from "./dom.js";

const PATHS = {
  home: "M3 9.5 10 4l7 5.5M5 8.5V16h10V8.5M8.5 16v-4h3v4",
  lock: "M5.5 9h9v7h-9zM7.5 9V6.5a2.5 2.5 0 0 1 5 0V9",
  mail: "M3.5 5.5h13v9h-13zM3.5 6l6.5 5 6.5-5",
  file: "M5.5 3h6l3 3v11h-9zM11 3v3.5h3.5M8 10.5h4.5M8 13.5h4.5",
};

/** A picture that only decorates; its element's accessible name says what it means. */
export const icon = (name) => svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true", fill: "none", stroke: "currentColor", "stroke-width": 1.6, "stroke-linecap": "round", "stroke-linejoin": "round" },
  svg("path", { d: PATHS[name] }));
