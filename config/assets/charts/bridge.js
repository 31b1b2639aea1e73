// From one number to another by its parts, lying down, so that long reasons have room on a narrow page.
import { frame } from "./frame.js";

const hatch = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4 };

// A bar that hangs between two sums: an unseen one up to where it begins, and its own length on top.
export function bridge(data, ink, width) {
  const shared = frame(data, ink, { right: 56, gap: true, pointer: "shadow", every: 0 });
  const { min: _min, max, interval, splitLine, axisLabel } = shared.yAxis;
  const narrow = width < 480;
  const [series] = data.series;
  const bar = { type: "bar", stack: "bridge", barMaxWidth: 22, animation: false };
  return {
    ...shared,
    xAxis: { type: "value", min: data.axis.min, max, interval, splitLine, axisLabel: { ...axisLabel, hideOverlap: true } },
    yAxis: {
      ...shared.xAxis,
      inverse: true,
      axisLabel: { ...shared.xAxis.axisLabel, width: narrow ? 104 : 220, overflow: "break", color: ink.text, lineHeight: 14 },
    },
    series: [
      { ...bar, silent: true, color: "transparent", itemStyle: { opacity: 0 }, data: data.floors },
      {
        ...bar,
        name: series.name,
        color: ink.actual,
        data: series.values.map((value, index) => ({
          value,
          itemStyle: {
            color: ink[data.roles[index]],
            ...(data.hatched.includes(index) ? { decal: { ...hatch, color: ink.surface } } : {}),
          },
        })),
        emphasis: { focus: "none" },
        label: {
          show: true,
          position: "right",
          color: ink.text,
          fontFamily: ink.font,
          fontSize: 12,
          formatter: (point) => data.labelled[point.dataIndex],
        },
      },
    ],
  };
}
