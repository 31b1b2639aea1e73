// Draws every figure.chart from the JSON beside it; the same numbers stand in its table.
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { bridge } from "./charts/bridge.js";
import { columns } from "./charts/columns.js";
import { readInk } from "./charts/ink.js";
import { stepWithKeys } from "./charts/keys.js";
import { month } from "./charts/month.js";
import { steps } from "./charts/steps.js";

echarts.use([BarChart, LineChart, GridComponent, TooltipComponent, LabelLayout, SVGRenderer]);

const kinds = { month, columns, steps, bridge };
const drawn = new Map();

function draw(figure) {
  const canvas = figure.querySelector(".chart-canvas");
  const data = JSON.parse(document.getElementById(figure.dataset.source).textContent);
  const chart = echarts.init(canvas, null, { renderer: "svg" });
  const paint = () => chart.setOption(kinds[data.kind](data, readInk(), chart.getWidth()), true);
  paint();
  stepWithKeys(figure, canvas, chart, data);
  const observer = new ResizeObserver(() => {
    if (!canvas.clientWidth) return;
    chart.resize();
    paint();
  });
  observer.observe(canvas);
  drawn.set(figure, { chart, paint, observer });
}

// htmx replaces figures while it polls: those that left the page are disposed of.
function sweep() {
  for (const [figure, { chart, observer }] of drawn) {
    if (figure.isConnected) continue;
    observer.disconnect();
    chart.dispose();
    drawn.delete(figure);
  }
}

function drawAll(root) {
  sweep();
  for (const figure of root.querySelectorAll("figure.chart[data-source]")) {
    if (!drawn.has(figure)) draw(figure);
  }
}

drawAll(document);
document.addEventListener("htmx:load", () => drawAll(document));
// What is printed has a size of its own, which no observer tells in time: the width between the margins of A4, lying.
const paper = { width: 984, height: 220 };
function fit(size) {
  for (const { chart, paint } of drawn.values()) {
    chart.resize(size);
    paint();
  }
}
window.addEventListener("beforeprint", () => fit(paper));
window.addEventListener("afterprint", () => fit({ width: "auto", height: "auto" }));
new MutationObserver(() => {
  for (const { paint } of drawn.values()) paint();
}).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
