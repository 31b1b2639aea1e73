// Prices over time: each holds until the next change; the axis is time, so that years are longer than weeks.
import { frame } from "./frame.js";

export function steps(data, ink) {
  const month = new Intl.DateTimeFormat(document.documentElement.lang, { month: "short", year: "numeric", timeZone: "UTC" });
  const shared = frame(data, ink, { right: 24, gap: false, pointer: "line", every: "auto" });
  const { data: _labels, boundaryGap: _gap, ...axis } = shared.xAxis;
  return {
    ...shared,
    xAxis: {
      ...axis,
      type: "time",
      splitNumber: 4,
      axisLabel: { ...axis.axisLabel, interval: undefined, formatter: (value) => month.format(value) },
    },
    series: data.series.map((one) => ({
      name: one.name,
      type: "line",
      step: "end",
      color: ink[one.role],
      lineStyle: { width: 2, color: ink[one.role] },
      symbol: "circle",
      symbolSize: 6,
      showSymbol: false,
      data: one.values.map((value, index) => [data.labels[index], value]),
    })),
  };
}
