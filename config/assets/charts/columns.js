// Per day: stacked columns, six categories and the rest; an incomplete day is hatched.
import { frame } from "./frame.js";

const hatch = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4 };

export function columns(data, ink) {
  const partial = new Set(data.partial ?? []);
  const series = data.series.map((one) => ({
    name: one.name,
    type: "bar",
    stack: "day",
    color: ink[one.role],
    barMaxWidth: 28,
    barCategoryGap: "25%",
    itemStyle: { borderColor: ink.surface, borderWidth: 0.5 },
    emphasis: { focus: "none", itemStyle: { color: ink[one.role] } },
    data: one.values.map((value, index) =>
      partial.has(index)
        ? { value, itemStyle: { color: ink[one.role], opacity: 0.5, decal: { ...hatch, color: ink.surface } } }
        : value,
    ),
  }));
  return { ...frame(data, ink, { right: 12, gap: true, pointer: "shadow", every: "auto" }), series };
}
