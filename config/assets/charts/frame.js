// What all kinds share: grid, axes with the labels the server wrote, a tooltip without HTML.
export function frame(data, ink, options) {
  const small = { fontFamily: ink.font, fontSize: 12, color: ink.muted };
  return {
    animation: false,
    textStyle: { fontFamily: ink.font, fontSize: 12, color: ink.text },
    grid: { left: 8, right: options.right, top: 16, bottom: 4, containLabel: true },
    xAxis: {
      type: "category",
      data: data.labels,
      boundaryGap: options.gap,
      axisLine: { lineStyle: { color: ink.previous } },
      axisTick: { show: false },
      axisLabel: { ...small, hideOverlap: true, interval: options.every },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: data.axis.max,
      interval: data.axis.interval,
      splitLine: { lineStyle: { color: ink.border } },
      axisLabel: { ...small, formatter: (value, index) => data.axis.labels[index] ?? "" },
    },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: ink.surface,
      borderColor: ink.border,
      borderWidth: 1,
      borderRadius: 4,
      padding: [8, 16, 8, 12],
      shadowBlur: 0,
      textStyle: { fontFamily: ink.font, fontSize: 12, lineHeight: 18, color: ink.text },
      axisPointer: { type: options.pointer, lineStyle: { color: ink.muted }, shadowStyle: { color: ink.muted, opacity: 0.1 } },
      formatter: (points) => sentence(data, points[0].dataIndex, "\n"),
    },
  };
}

// One point in words: the tooltip and the live region say the same.
export function sentence(data, index, separator) {
  const parts = data.series
    .filter((series) => series.texts[index])
    .map((series) => `${series.name} ${series.texts[index]}`);
  return [data.titles[index], ...parts].join(separator);
}
