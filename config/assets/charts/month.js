// Will it fit? Cumulative actual, dashed forecast with its 80 % band, budget as a step, previous month behind.
import { frame } from "./frame.js";

const styles = {
  previous: { width: 1.5, type: "solid", z: 2 },
  budget: { width: 2, type: "solid", z: 3, step: "end" },
  threshold: { width: 1.5, type: "dashed", z: 3, step: "end" },
  forecast: { width: 2, type: "dashed", z: 4 },
  actual: { width: 2.5, type: "solid", z: 5 },
};

function line(series, ink, labelled) {
  const style = styles[series.role];
  return {
    name: series.name,
    type: "line",
    data: series.values,
    step: style.step,
    color: ink[series.role],
    lineStyle: { width: style.width, type: style.type, color: ink[series.role] },
    symbol: "circle",
    symbolSize: 6,
    showSymbol: false,
    emphasis: { disabled: false },
    z: style.z,
    endLabel: {
      show: labelled && Boolean(series.label),
      formatter: series.label,
      color: ink.text,
      fontFamily: ink.font,
      fontSize: 12,
      lineHeight: 16,
      distance: 8,
      // The actual line ends in mid-chart: its label stands above it, out of the way of the forecast.
      ...(series.role === "actual" ? { align: "right", verticalAlign: "bottom", offset: [-12, -8], fontWeight: 600 } : {}),
    },
    labelLayout: series.role === "actual" ? undefined : { moveOverlap: "shiftY" },
  };
}

// A band is two silent stacked lines: an unseen floor and the height above it, filled.
function band(series, ink) {
  const silent = {
    type: "line",
    stack: "band",
    silent: true,
    symbol: "none",
    lineStyle: { opacity: 0 },
    color: ink.forecast,
    z: 1,
  };
  const height = series.high.map((value, index) => (value === null ? null : value - series.low[index]));
  return [
    { ...silent, data: series.low },
    { ...silent, data: height, areaStyle: { color: ink.forecast, opacity: 0.18 } },
  ];
}

export function month(data, ink, width) {
  const labelled = width >= 480;
  const series = data.series.flatMap((one) => (one.role === "band" ? band(one, ink) : line(one, ink, labelled)));
  return {
    ...frame(data, ink, { right: labelled ? 128 : 12, gap: false, pointer: "line", every: (index) => index % 7 === 0 }),
    series,
  };
}
