// Arrow keys step through the points and speak them; Home, End and Escape as everywhere.
import { sentence } from "./frame.js";

function nextIndex(key, index, last) {
  if (key === "ArrowRight") return Math.min(index + 1, last);
  if (key === "ArrowLeft") return Math.max(index - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return last;
  return undefined;
}

export function stepWithKeys(figure, canvas, chart, data) {
  const live = figure.querySelector("[data-live]");
  let index = -1;
  const show = (at) => {
    index = at;
    const seriesIndex = Math.max(0, chart.getOption().series.findIndex((one) => !one.silent && one.data[at] != null));
    chart.dispatchAction({ type: "showTip", seriesIndex, dataIndex: at });
    live.textContent = sentence(data, at, ", ");
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Escape") chart.dispatchAction({ type: "hideTip" });
    const at = nextIndex(event.key, index, data.labels.length - 1);
    if (at === undefined) return;
    event.preventDefault();
    show(at);
  });
  canvas.addEventListener("blur", () => chart.dispatchAction({ type: "hideTip" }));
}
