// Colours of the theme in force, from the hex custom properties; ECharts reads no var() and no oklch().
const names = [
  "page", "surface", "text", "muted", "border",
  "actual", "forecast", "budget", "previous", "unpriced", "unallocated",
  "category-1", "category-2", "category-3", "category-4", "category-5", "category-6",
];

export function readInk() {
  const style = getComputedStyle(document.documentElement);
  const ink = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  ink.other = ink.previous;
  ink.threshold = ink.budget;
  ink.font = getComputedStyle(document.body).fontFamily;
  return ink;
}
