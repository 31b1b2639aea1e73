// Per day: stacked columns, six categories and the rest; an incomplete day is hatched, a restated one ringed.
import { frame } from "./frame.js";

// What is nobody's or has no price is told from the categories by its form, too.
const forms = {
  unallocated: { symbol: "circle", symbolSize: 0.6, dashArrayX: [[0, 6], [6, 0]], dashArrayY: [3, 0] },
  unpriced: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 3], rotation: Math.PI / 4 },
};
const hatch = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4 };

export function columns(data, ink) {
  const partial = new Set(data.partial ?? []);
  const restated = new Set(data.restated ?? []);
  const series = data.series.map((one) => ({
    name: one.name,
    type: "bar",
    stack: "day",
    color: ink[one.role],
    barMaxWidth: 28,
    barCategoryGap: "25%",
    itemStyle: {
      borderColor: ink.surface,
      borderWidth: 0.5,
      ...(forms[one.role] ? { decal: { ...forms[one.role], color: ink.surface } } : {}),
    },
    emphasis: { focus: "none", itemStyle: { color: ink[one.role] } },
    data: one.values.map((value, index) =>
      partial.has(index)
        ? { value, itemStyle: { color: ink[one.role], opacity: 0.5, decal: { ...hatch, color: ink.surface } } }
        : restated.has(index)
          ? { value, itemStyle: { color: ink[one.role], borderColor: ink.text, borderWidth: 1.5 } }
          : value,
    ),
  }));
  return { ...frame(data, ink, { right: 12, gap: true, pointer: "shadow", every: "auto" }), series };
}
