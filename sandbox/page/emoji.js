/** The emoji that bots write by name. */

const NAMED = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", rotating_light: "🚨", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", lock: "🔒", unlock: "🔓", key: "🔑", bell: "🔔", no_bell: "🔕", no_entry: "⛔",
  no_entry_sign: "🚫", tada: "🎉", eyes: "👀", wave: "👋", "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎",
  question: "❓", grey_question: "❔", exclamation: "❗", information_source: "ℹ️", bulb: "💡", gear: "⚙️", package: "📦",
  bar_chart: "📊", chart_with_upwards_trend: "📈", clock1: "🕐", alarm_clock: "⏰", calendar: "📅", memo: "📝",
  red_circle: "🔴", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵", white_circle: "⚪",
  snowflake: "❄️", fire: "🔥", wastebasket: "🗑️", ship: "🚢", anchor: "⚓", robot_face: "🤖", mag: "🔍", link: "🔗",
  bust_in_silhouette: "👤", busts_in_silhouette: "👥", arrow_right: "➡️", heavy_minus_sign: "➖", recycle: "♻️",
};

/** The text with `:names:` replaced where they are known. */
export const emoji = (source) => source.replace(/:([a-z0-9_+-]+):/g, (whole, name) => NAMED[name] ?? whole);
